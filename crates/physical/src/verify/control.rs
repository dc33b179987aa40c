//! pg_control: which system a data directory is of.

/// Where its checksum may stand: the structure before it differs a little between versions (pg_control.h).
const CRC_PLACES: std::ops::RangeInclusive<usize> = 240..=340;

/// The system's identifier; `None` if no checksum fits.
pub(super) fn system_identifier(content: &[u8]) -> Option<u64> {
    let is_sound = CRC_PLACES.step_by(4).any(|place| {
        let sum = content.get(place..place + 4);
        sum.is_some_and(|sum| *sum == crc32c::crc32c(&content[..place]).to_le_bytes())
    });
    content
        .first_chunk()
        .filter(|_| is_sound)
        .map(|bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_file_says_its_system() {
        for place in [288, 292] {
            let mut content = vec![3; place];
            content[..8].copy_from_slice(&77u64.to_le_bytes());
            let sum = crc32c::crc32c(&content);
            content.extend(sum.to_le_bytes());
            content.resize(8192, 0);
            assert_eq!(system_identifier(&content), Some(77));
            content[100] ^= 1;
            assert_eq!(system_identifier(&content), None);
        }
        assert_eq!(system_identifier(b"short"), None);
    }
}

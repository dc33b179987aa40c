//! The members of a tar archive that arrives in pieces of any size.
//!
//! Source of what a server's archives hold: basebackup.c (sendDir, sendFile), tar.c (tarCreateHeader).

use bstr::{BString, ByteSlice};
use tar::{EntryType, Header};

use crate::Result;
use crate::error::malformed;

/// The size of a header, and what data is padded to.
pub(crate) const BLOCK: usize = 512;

/// The largest file that is taken: as large as a relation can be.
const FILE_BYTES: u64 = 32 << 40;

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A file of so many bytes, which follow.
    File(u64),
    /// A folder.
    Folder,
    /// A symbolic link.
    Link(BString),
}

/// A member of an archive. Its name has been checked: it is relative and stays below where it is put.
#[derive(Debug, Clone)]
pub struct Member {
    /// The name, without `./` before it and `/` behind it.
    pub path: BString,
    /// What it is.
    pub kind: Kind,
    /// The header as it came.
    pub header: Header,
}

impl Member {
    /// Permissions, in the bits of chmod.
    pub fn mode(&self) -> u32 {
        self.header.mode().unwrap_or(0o600) & 0o7777
    }

    /// When the file was last changed, in seconds since 1970.
    pub fn modified(&self) -> u64 {
        self.header.mtime().unwrap_or(0)
    }

    fn parse(block: &[u8; BLOCK]) -> Result<Self> {
        let header = Header::from_byte_slice(block).clone();
        let sum: u32 = block
            .iter()
            .enumerate()
            // The sum's own field counts as blanks.
            .map(|(place, byte)| {
                if (148..156).contains(&place) {
                    32
                } else {
                    u32::from(*byte)
                }
            })
            .sum();
        if header.cksum().ok() != Some(sum) && !cfg!(fuzzing) {
            return Err(malformed("an archive with a damaged header"));
        }
        let name = header.path_bytes();
        let path = checked_name(&name)?;
        let number = |number: std::io::Result<u64>| {
            number.map_err(|error| malformed(format!("archive member \"{path}\" with {error}")))
        };
        let size = number(header.size())?;
        if size > FILE_BYTES {
            return Err(malformed(format!("an impossible size of file \"{path}\"")));
        }
        for field in [
            header.mtime(),
            header.uid(),
            header.gid(),
            header.mode().map(u64::from),
        ] {
            number(field)?;
        }
        let kind = match header.entry_type() {
            EntryType::Regular => Kind::File(size),
            EntryType::Directory => Kind::Folder,
            EntryType::Symlink => Kind::Link(
                header
                    .link_name_bytes()
                    .unwrap_or_default()
                    .into_owned()
                    .into(),
            ),
            other => {
                return Err(malformed(format!(
                    "archive member \"{path}\" that is neither file, folder nor symbolic link (type {:?})",
                    char::from(other.as_byte())
                )));
            }
        };
        if !matches!(kind, Kind::File(_)) && size > 0 {
            return Err(malformed(format!(
                "archive member \"{path}\" with data that is no file"
            )));
        }
        Ok(Self { path, kind, header })
    }
}

/// A name without what may stand around it; one that leads elsewhere is refused.
pub(crate) fn checked_name(name: &[u8]) -> Result<BString> {
    let bare = name.strip_prefix(b"./").unwrap_or(name);
    let bare = bare.strip_suffix(b"/").unwrap_or(bare);
    let is_bad = |part: &[u8]| matches!(part, b"" | b"." | b"..") || part.contains(&0);
    if bare.split_str(b"/").any(is_bad) || bare.is_empty() {
        return Err(malformed(format!(
            "an archive member with the unsafe name \"{}\"",
            name.as_bstr()
        )));
    }
    Ok(bare.into())
}

/// A step through an archive.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// A member begins.
    Begin(Box<Member>),
    /// Some of the file's data.
    Data(&'a [u8]),
    /// The member ends.
    End,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Header,
    /// So much of a file's data is still to come.
    Data(u64),
    /// The data is there; so many bytes fill up its last block.
    Padding(usize),
    /// A block of zeros has come; no member may follow.
    End,
}

/// Cuts an archive into members.
#[derive(Debug)]
pub(crate) struct Members {
    state: State,
    padding: usize,
    header: [u8; BLOCK],
    /// How much of the header has come.
    filled: usize,
    is_whole: bool,
    has_begun: bool,
}

impl Members {
    /// At the beginning of an archive.
    pub(crate) fn new() -> Self {
        Self {
            state: State::Header,
            padding: 0,
            header: [0; BLOCK],
            filled: 0,
            is_whole: false,
            has_begun: false,
        }
    }

    /// The next step that `input` allows; what it used is taken off. `None` when all has been used.
    pub(crate) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Step<'a>>> {
        loop {
            match self.state {
                State::Data(0) => {
                    self.state = match self.padding {
                        0 => State::Header,
                        padding => State::Padding(padding),
                    };
                    return Ok(Some(Step::End));
                }
                _ if input.is_empty() => return Ok(None),
                State::Data(rest) => {
                    let length =
                        usize::try_from(rest).map_or(input.len(), |rest| rest.min(input.len()));
                    self.state = State::Data(rest - length as u64);
                    return Ok(Some(Step::Data(take(input, length))));
                }
                State::Padding(rest) => {
                    let length = rest.min(input.len());
                    take(input, length);
                    self.state = match rest - length {
                        0 => State::Header,
                        rest => State::Padding(rest),
                    };
                }
                State::Header => {
                    let length = (BLOCK - self.filled).min(input.len());
                    self.header[self.filled..self.filled + length]
                        .copy_from_slice(take(input, length));
                    self.filled += length;
                    if self.filled == BLOCK {
                        self.filled = 0;
                        if self.header.iter().all(|byte| *byte == 0) {
                            self.state = State::End;
                        } else {
                            let member = Member::parse(&self.header)?;
                            self.has_begun = true;
                            let size = if let Kind::File(size) = member.kind {
                                size
                            } else {
                                0
                            };
                            // Below a block.
                            let padding = size.next_multiple_of(BLOCK as u64) - size;
                            self.padding = usize::try_from(padding).unwrap_or(0);
                            self.state = State::Data(size);
                            return Ok(Some(Step::Begin(Box::new(member))));
                        }
                    }
                }
                State::End => {
                    if input.iter().any(|byte| *byte != 0) {
                        return Err(malformed("an archive that goes on after its end"));
                    }
                    self.is_whole = true;
                    take(input, input.len());
                }
            }
        }
    }

    /// Takes so much of the last [`Step::Data`] back, which comes again.
    pub(crate) fn give_back(&mut self, length: u64) {
        if let State::Data(rest) = &mut self.state {
            *rest += length;
        }
    }

    /// Checks that the archive may end here: between members, or after the blocks that mark the end (which servers
    /// before 15 do not send).
    pub(crate) fn finish(&self) -> Result<()> {
        match self.state {
            State::Header if self.filled == 0 => Ok(()),
            State::End => Ok(()),
            _ => Err(malformed("an archive that breaks off")),
        }
    }

    /// Whether there has been a member.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Whether the end of the archive is marked.
    pub(crate) fn is_terminated(&self) -> bool {
        self.is_whole
    }
}

fn take<'a>(input: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(length);
    *input = rest;
    taken
}

#[cfg(test)]
mod tests;

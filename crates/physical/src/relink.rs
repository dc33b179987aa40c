//! Making the links to tablespaces absolute.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::error::Doing;
use crate::{Error, Result};

/// Makes the relative links in `pg_tblspc` of a data directory absolute: pg_basebackup and pg_combinebackup refuse a server
/// that has others. The folder is the data directory itself or the one that has it as `data`, as backups with tablespaces
/// are unpacked. Returns the links that were changed, and where they lead now.
///
/// Each link is replaced in one step; a server may be running.
///
/// # Errors
/// [`Error::Refused`] if the folder is no data directory or a link leads nowhere; nothing has been changed then.
/// [`Error::Io`].
pub fn relink(folder: &Path) -> Result<Vec<(PathBuf, PathBuf)>> {
    let is_data =
        |folder: &Path| folder.join("PG_VERSION").is_file() && folder.join("pg_tblspc").is_dir();
    let below = folder.join("data");
    let data = [folder, &below].into_iter().find(|folder| is_data(folder));
    let Some(data) = data else {
        return Err(Error::Refused(format!(
            "\"{}\" is no data directory",
            folder.display()
        )));
    };
    let links = data.join("pg_tblspc");
    let mut changes = Vec::new();
    for entry in fs::read_dir(&links).doing("read folder", &links)? {
        let link = entry.doing("read folder", &links)?.path();
        let Ok(target) = fs::read_link(&link) else {
            // A tablespace that lies here itself.
            continue;
        };
        if target.is_absolute() {
            continue;
        }
        let place = links
            .join(&target)
            .canonicalize()
            .ok()
            .filter(|place| place.is_dir());
        let Some(place) = place else {
            return Err(Error::Refused(format!(
                "link \"{}\" leads to \"{}\", where there is no folder",
                link.display(),
                target.display()
            )));
        };
        changes.push((link, place));
    }
    changes.sort();
    for (link, place) in &changes {
        let new = link.with_extension("relink");
        symlink(place, &new).doing("create symbolic link", &new)?;
        fs::rename(&new, link).doing("replace symbolic link", link)?;
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_links_become_absolute_and_others_stay() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().canonicalize().unwrap();
        let links = root.join("data/pg_tblspc");
        fs::create_dir_all(&links).unwrap();
        fs::create_dir_all(root.join("tablespaces/16384")).unwrap();
        fs::create_dir(links.join("16390")).unwrap();
        assert!(
            relink(&root)
                .unwrap_err()
                .to_string()
                .contains("no data directory")
        );
        fs::write(root.join("data/PG_VERSION"), "15\n").unwrap();
        symlink("../../tablespaces/16384", links.join("16384")).unwrap();
        symlink("/somewhere/else", links.join("16385")).unwrap();
        let place = root.join("tablespaces/16384");
        assert_eq!(
            relink(&root).unwrap(),
            [(links.join("16384"), place.clone())]
        );
        assert_eq!(fs::read_link(links.join("16384")).unwrap(), place);
        assert_eq!(
            fs::read_link(links.join("16385")).unwrap(),
            Path::new("/somewhere/else")
        );
        assert_eq!(relink(&root.join("data")).unwrap(), []);

        symlink("../../tablespaces/1", links.join("1")).unwrap();
        let error = relink(&root).unwrap_err().to_string();
        assert!(
            error.contains("\"../../tablespaces/1\", where there is no folder"),
            "{error}"
        );
    }
}

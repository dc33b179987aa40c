//! The fenced blocks of a document.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

/// What may stand behind the opening fence: what is run, what is sent to servers, what is only read.
const LANGUAGES: [&str; 3] = ["console", "sql", "text"];

/// A document, cut into its sections.
pub(crate) struct Document {
    /// Its whole text.
    pub(crate) text: String,
    /// What stands below each heading of the second level, and before the first.
    pub(crate) sections: Vec<Section>,
}

/// A part of a document whose commands follow each other.
pub(crate) struct Section {
    /// The document's name.
    pub(crate) document: &'static str,
    /// Its heading.
    pub(crate) heading: String,
    /// Its blocks.
    pub(crate) blocks: Vec<Block>,
}

/// A fenced block.
pub(crate) struct Block {
    /// What stands behind the opening fence.
    pub(crate) language: String,
    /// Its lines without the indentation of the fence, each with its number in the document.
    pub(crate) lines: Vec<(usize, String)>,
}

/// A command and what it should print.
pub(crate) struct Step {
    /// The number of the line that it stands in.
    pub(crate) line: usize,
    /// The command.
    pub(crate) command: String,
    /// The lines below it.
    pub(crate) expected: Vec<String>,
}

impl Document {
    /// Reads the document `name` at the top of the project.
    pub(crate) fn read(name: &'static str) -> Result<Self> {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(name);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        let sections = sections(name, &text)?;
        Ok(Self { text, sections })
    }

    /// All its blocks in a language.
    pub(crate) fn blocks<'a>(&'a self, language: &'a str) -> impl Iterator<Item = &'a Block> {
        let blocks = self.sections.iter().flat_map(|section| &section.blocks);
        blocks.filter(move |block| block.language == language)
    }
}

fn sections(document: &'static str, text: &str) -> Result<Vec<Section>> {
    let mut sections = vec![Section {
        document,
        heading: "the beginning".to_owned(),
        blocks: Vec::new(),
    }];
    let mut open: Option<(usize, Block)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let bare = line.trim_start();
        match (&mut open, bare.strip_prefix("```")) {
            (None, Some(language)) => {
                ensure!(
                    LANGUAGES.contains(&language),
                    "{document}:{number}: a block in {language:?}, where one of {LANGUAGES:?} is right"
                );
                let block = Block {
                    language: language.to_owned(),
                    lines: Vec::new(),
                };
                open = Some((line.len() - bare.len(), block));
            }
            (Some(_), Some("")) => {
                let block = open.take().map(|(_, block)| block);
                let last = sections.last_mut().context("there is a section")?;
                last.blocks.extend(block);
            }
            (Some((indentation, block)), _) => {
                let line = line.get(*indentation..).unwrap_or_default();
                block.lines.push((number, line.to_owned()));
            }
            (None, None) => {
                if let Some(heading) = line.strip_prefix("## ") {
                    sections.push(Section {
                        document,
                        heading: heading.to_owned(),
                        blocks: Vec::new(),
                    });
                }
            }
        }
    }
    ensure!(open.is_none(), "{document}: the last block has no end");
    Ok(sections)
}

impl Section {
    /// Its commands in order.
    ///
    /// # Errors
    /// Where a block begins with no command, or a command stands where it is not run.
    pub(crate) fn steps(&self) -> Result<Vec<Step>> {
        let mut steps: Vec<Step> = Vec::new();
        for block in &self.blocks {
            let mut is_first = true;
            for (line, text) in &block.lines {
                let place = format!("{}:{line}", self.document);
                let command = text.strip_prefix("$ ");
                if block.language != "console" {
                    ensure!(
                        command.is_none(),
                        "{place}: a command that is not run, for the block is no console"
                    );
                    continue;
                }
                if let Some(command) = command {
                    steps.push(Step {
                        line: *line,
                        command: command.to_owned(),
                        expected: Vec::new(),
                    });
                } else {
                    let last = steps.last_mut().filter(|_| !is_first);
                    let last = last.with_context(|| format!("{place}: no command above it"))?;
                    last.expected.push(text.clone());
                }
                is_first = false;
            }
        }
        Ok(steps)
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.document, self.heading)
    }
}

/// Whether `line` is what a document says, where `…` stands for anything.
fn is_as_told(line: &str, told: &str) -> bool {
    let mut pieces = told.split('…');
    let Some(mut rest) = pieces.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, between)) = pieces.split_last() else {
        return rest.is_empty();
    };
    for piece in between {
        let Some((_, behind)) = rest.split_once(piece) else {
            return false;
        };
        rest = behind;
    }
    rest.ends_with(last)
}

/// An error with the first line of `expected` that the lines of `output` do not hold in this order.
pub(crate) fn ensure_told(expected: &[String], output: &str) -> Result<()> {
    let mut lines = output.lines().map(str::trim_end);
    for told in expected.iter().filter(|told| *told != "…") {
        ensure!(
            lines.any(|line| is_as_told(line, told)),
            "it does not print {told:?}, or not in this place"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Title\n\n```console\n$ one\nout\n$ two\n```\n\n## Next\n\n1. Do it.\n\n   ```console\n   $ three\n     indented\n   ```\n";

    #[test]
    fn commands_are_found_with_their_lines_and_what_they_print() -> Result<()> {
        let sections = sections("D.md", TEXT)?;
        let found: Vec<_> = sections
            .iter()
            .map(|section| {
                let steps = section.steps().expect("steps");
                let shown = steps
                    .into_iter()
                    .map(|step| format!("{} {} {:?}", step.line, step.command, step.expected));
                (section.heading.clone(), shown.collect::<Vec<_>>())
            })
            .collect();
        let expected = [
            ("the beginning", vec!["4 one [\"out\"]", "6 two []"]),
            ("Next", vec!["14 three [\"  indented\"]"]),
        ];
        let expected = expected
            .map(|(heading, steps)| (heading.to_owned(), steps.into_iter().map(str::to_owned)));
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(heading, steps)| (heading, steps.collect::<Vec<_>>()))
            .collect();
        assert_eq!(found, expected);
        Ok(())
    }

    #[test]
    fn what_is_not_run_is_no_command() {
        for text in [
            "```text\n$ one\n```\n",
            "```console\nout\n```\n",
            "```sh\none\n```\n",
            "```console\n$ one\n",
        ] {
            let steps = sections("D.md", text).and_then(|sections| sections[0].steps());
            assert!(steps.is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_ellipsis_stands_for_anything() {
        for (line, told, is) in [
            ("ab", "ab", true),
            ("abc", "ab", false),
            ("abc", "ab…", true),
            ("abc", "…c", true),
            ("abc", "…b", false),
            ("a1b2c", "a…b…c", true),
            ("a1b2c", "b…c", false),
        ] {
            assert_eq!(is_as_told(line, told), is, "{line:?} {told:?}");
        }
        let expected = ["a".to_owned(), "…".to_owned(), "c".to_owned()];
        assert!(ensure_told(&expected, "a\nb\nc \n").is_ok());
        assert!(ensure_told(&expected, "c\na\n").is_err());
    }
}

//! The commands of the documents.

use anyhow::{Context, Result, ensure};
use support::{Major, side_by_side};

use crate::document::{Document, Section, ensure_told};
use crate::place::{Place, Programs};
use crate::world::{Kind, World};

/// The section of the runbooks that makes the backups of the others.
const FIRST: &str = "The backups that the others use";

#[test]
fn every_command_of_the_readme_runs() -> Result<()> {
    let readme = Document::read("README.md")?;
    let kind = Kind {
        major: Major::V17,
        rds_has_shop: true,
    };
    let programs = Programs::new()?;
    side_by_side(&with_commands(&readme)?, |section| {
        walk(section, kind, &programs, None).map(drop)
    });
    Ok(())
}

#[test]
fn every_command_of_the_runbooks_runs() -> Result<()> {
    let runbooks = Document::read("RUNBOOKS.md")?;
    let kind = Kind {
        // What goes onto RDS must not be newer than RDS.
        major: Major::V15,
        rds_has_shop: false,
    };
    let programs = Programs::new()?;
    let (first, others): (Vec<&Section>, Vec<&Section>) = with_commands(&runbooks)?
        .into_iter()
        .partition(|section| section.heading == FIRST);
    let first = first
        .first()
        .with_context(|| format!("RUNBOOKS.md has no section {FIRST:?}"))?;
    let backups = walk(first, kind, &programs, None)?;
    side_by_side(&others, |section| {
        walk(section, kind, &programs, Some(&backups)).map(drop)
    });
    Ok(())
}

fn with_commands(document: &Document) -> Result<Vec<&Section>> {
    let mut sections = Vec::new();
    for section in &document.sections {
        if !section.steps()?.is_empty() {
            sections.push(section);
        }
    }
    ensure!(sections.len() >= 6, "few sections have commands");
    Ok(sections)
}

/// Runs a section's commands one after the other, and returns where they ran.
fn walk<'a>(
    section: &Section,
    kind: Kind,
    programs: &'a Programs,
    backups: Option<&Place<'_>>,
) -> Result<Place<'a>> {
    let steps = section.steps()?;
    let commands: Vec<&str> = steps.iter().map(|step| step.command.as_str()).collect();
    let world = World::new(kind)?;
    let place = Place::new(programs)?;
    let is_named = |word| commands.iter().any(|command| command.contains(word));
    if let Some(backups) = backups.filter(|_| is_named("/var/backups")) {
        place.take_backups(backups)?;
    }
    if let Some(first) = commands
        .iter()
        .find(|command| command.starts_with("plakar "))
    {
        place.install_plakar(!first.starts_with("plakar pkg add "))?;
    }
    // What lasts for the shell that one types into.
    let mut before = String::new();
    for step in &steps {
        let at = || format!("{}:{}: $ {}", section.document, step.line, step.command);
        let real = world.real(&step.command, &place).with_context(at)?;
        if real.starts_with("export ") || real.starts_with("umask ") {
            before = before + &real + "\n";
        }
        let ran = place.shell(&(before.clone() + &real)).with_context(at)?;
        let output = String::from_utf8_lossy(&ran.stdout).into_owned();
        let told = ran.expect_code(0).map(drop);
        told.and_then(|()| ensure_told(&step.expected, &output))
            .with_context(|| format!("{}\n{output}", at()))?;
    }
    Ok(place)
}

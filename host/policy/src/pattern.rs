//! IAM's patterns: `*` for any characters, `?` for one, in actions and resources.

mod action;
mod crossing;
mod glob;
mod resource;

pub(crate) use action::ActionPattern;
pub(crate) use crossing::{Crossing, crossing};
pub(crate) use glob::{Glob, Scope, VariableError, compare_start, escape, literal};
pub(crate) use resource::{ResourcePattern, ResourceTypes};

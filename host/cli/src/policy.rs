//! `innkeeper policy`: what guests may do, asked without running them.

mod batch;
mod explain;
mod iam;
mod learn;
mod question;
mod who;

pub(crate) use self::question::{Answer, Place, Question};
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
    innkeeper policy explain thumbnailer s3:GetObject arn:aws:s3:::uploads/incoming/a.jpg
    innkeeper policy who s3:DeleteObject arn:aws:s3:::uploads/incoming/a.jpg
    innkeeper policy iam thumbnailer --session
    innkeeper policy learn -- run --fake aws thumbnailer @request.json";

/// The arguments.
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", Exit::help()))]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Say whether a guest may do something, and which rules say so
    Explain(explain::Args),
    /// List the guests that may do something
    Who(who::Args),
    /// Print the smallest IAM policy that a guest's role needs
    Iam(iam::Args),
    /// Run a guest on a fake AWS, and print what it would have to be granted
    Learn(learn::Args),
}

impl Args {
    pub(crate) fn run(self) -> Exit {
        let done = match self.command {
            Command::Explain(args) => args.run(),
            Command::Who(args) => args.run(),
            Command::Iam(args) => args.run(),
            Command::Learn(args) => args.run(),
        };
        done.unwrap_or_else(|failure| {
            failure.print();
            failure.exit()
        })
    }
}

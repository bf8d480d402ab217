//! Listings as iterators.

use std::iter::FusedIterator;
use std::vec;

use super::{Error, QueueListing};

impl QueueListing {
    /// The pages. Each is asked for when the one before has been used up.
    pub fn pages(self) -> Pages {
        Pages { listing: Some(self) }
    }

    /// The names of the queues of all pages.
    pub fn names(self) -> Names {
        Names { pages: self.pages(), page: Vec::new().into_iter() }
    }
}

/// The pages of a listing, in order. It ends behind the last page or after the first error; to ask for the same page again after an
/// error, call [`QueueListing::next_page`] instead.
#[derive(Debug)]
pub struct Pages {
    /// Given up at the end, which also ends the listing at the host.
    listing: Option<QueueListing>,
}

impl Iterator for Pages {
    type Item = Result<Vec<String>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let page = self.listing.as_ref()?.next_page().transpose();
        if !matches!(page, Some(Ok(_))) {
            self.listing = None;
        }
        page
    }
}

impl FusedIterator for Pages {}

/// The names of a listing's queues. It ends behind the last one or after the first error.
#[derive(Debug)]
pub struct Names {
    pages: Pages,
    /// What is left of the page at hand.
    page: vec::IntoIter<String>,
}

impl Iterator for Names {
    type Item = Result<String, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(name) = self.page.next() {
                return Some(Ok(name));
            }
            // A page can be empty and be followed by others.
            match self.pages.next()? {
                Ok(page) => self.page = page.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl FusedIterator for Names {}

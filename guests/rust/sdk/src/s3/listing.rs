//! Listings as iterators.

use std::iter::FusedIterator;
use std::vec;

use super::{Error, ObjectListing, ObjectPage, ObjectSummary};

impl ObjectListing {
    /// The pages. Each is asked for when the one before has been used up.
    pub fn pages(self) -> Pages {
        Pages { listing: Some(self) }
    }

    /// The objects of all pages. Common prefixes are left out: with a delimiter, use [`ObjectListing::pages`].
    pub fn objects(self) -> Objects {
        Objects { pages: self.pages(), page: Vec::new().into_iter() }
    }
}

/// The pages of a listing, in order. It ends behind the last page or after the first error; to ask for the same page again after an
/// error, call [`ObjectListing::next_page`] instead.
#[derive(Debug)]
pub struct Pages {
    /// Given up at the end, which also ends the listing at the host.
    listing: Option<ObjectListing>,
}

impl Iterator for Pages {
    type Item = Result<ObjectPage, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let page = self.listing.as_ref()?.next_page().transpose();
        if !matches!(page, Some(Ok(_))) {
            self.listing = None;
        }
        page
    }
}

impl FusedIterator for Pages {}

/// The objects of a listing, in the order of the UTF-8 bytes of their keys. It ends behind the last object or after the first error.
#[derive(Debug)]
pub struct Objects {
    pages: Pages,
    /// What is left of the page at hand.
    page: vec::IntoIter<ObjectSummary>,
}

impl Iterator for Objects {
    type Item = Result<ObjectSummary, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(object) = self.page.next() {
                return Some(Ok(object));
            }
            // A page can be empty and be followed by others.
            match self.pages.next()? {
                Ok(page) => self.page = page.objects.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl FusedIterator for Objects {}

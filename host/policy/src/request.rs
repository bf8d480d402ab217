use std::{fmt, sync::Arc, time::SystemTime};

use crate::{
    action::{Action, Service},
    arn::{
        AccountRegion, Arn, BucketArn, BucketName, FunctionArn, ObjectKey, Partition, Qualifier, QueueArn,
    },
};

/// One question to a policy: may this action be done on this resource, under these circumstances?
///
/// An operation becomes one or several of them: see [`Operation::requests`](crate::Operation::requests).
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What is to be done.
    pub action: Action,
    /// On what.
    pub resource: Resource<'a>,
    /// The values of IAM's condition keys.
    pub context: Context<'a>,
}

/// The resource of a request: an ARN in pieces, so that one can be asked about without a string being built.
///
/// `Display` is the ARN, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource<'a> {
    partition: Partition,
    service: Service,
    region: &'a str,
    account: &'a str,
    path: [&'a str; 4],
}

impl<'a> Resource<'a> {
    /// A bucket, `arn:PARTITION:s3:::BUCKET`, or an access point, `arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME`.
    pub fn bucket(bucket: &'a BucketArn) -> Self {
        match bucket.access_point() {
            None => Self::s3(bucket, [bucket.name().map_or("", BucketName::as_str), "", "", ""]),
            Some(point) => Self::s3(bucket, ["accesspoint/", point.name, "", ""]),
        }
    }

    /// An object, `arn:PARTITION:s3:::BUCKET/KEY`, or one behind an access point,
    /// `arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME/object/KEY`.
    pub fn object(bucket: &'a BucketArn, key: &'a ObjectKey) -> Self {
        match bucket.access_point() {
            None => Self::s3(bucket, [bucket.name().map_or("", BucketName::as_str), "/", key.as_str(), ""]),
            Some(point) => Self::s3(bucket, ["accesspoint/", point.name, "/object/", key.as_str()]),
        }
    }

    /// All of S3, for what is done on no bucket in particular: `arn:PARTITION:s3:::*`.
    pub fn all_of_s3(partition: Partition) -> Self {
        Self { partition, service: Service::S3, region: "", account: "", path: ["*", "", "", ""] }
    }

    /// A queue: `arn:PARTITION:sqs:REGION:ACCOUNT:QUEUE`.
    pub fn queue(queue: &'a QueueArn) -> Self {
        Self::of_place(queue.place(), Service::Sqs, [queue.name().as_str(), "", "", ""])
    }

    /// All of SQS in an account and region, for what is done on no queue in particular: `arn:PARTITION:sqs:REGION:ACCOUNT:*`.
    pub fn all_of_sqs(place: &'a AccountRegion) -> Self {
        Self::of_place(place, Service::Sqs, ["*", "", "", ""])
    }

    /// A function, or a version or alias of one: `arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`.
    pub fn function(function: &'a FunctionArn) -> Self {
        let (colon, qualifier) = match function.qualifier().map(Qualifier::as_str) {
            Some(qualifier) => (":", qualifier),
            None => ("", ""),
        };
        Self::of_place(
            function.place(),
            Service::Lambda,
            ["function:", function.name().as_str(), colon, qualifier],
        )
    }

    /// All of Lambda in an account and region, for what is done on no function in particular:
    /// `arn:PARTITION:lambda:REGION:ACCOUNT:*`.
    pub fn all_of_lambda(place: &'a AccountRegion) -> Self {
        Self::of_place(place, Service::Lambda, ["*", "", "", ""])
    }

    /// What an ARN names, or `None` if it belongs to a service that no guest can be given.
    pub fn from_arn(arn: &'a Arn) -> Option<Self> {
        Some(Self {
            partition: arn.partition(),
            service: Service::from_namespace(arn.service())?,
            region: arn.region(),
            account: arn.account(),
            path: [arn.resource(), "", "", ""],
        })
    }

    /// The account in the ARN, if it has one.
    pub fn account(&self) -> Option<&'a str> {
        Some(self.account).filter(|account| !account.is_empty())
    }

    /// The service that the resource belongs to.
    pub fn service(&self) -> Service {
        self.service
    }

    /// Whether it is all of its service, and no resource in particular.
    pub(crate) fn is_all(&self) -> bool {
        self.path == ["*", "", "", ""]
    }

    /// The ARN with another account, if one is given, and each other part as `escape` writes it.
    pub(crate) fn pattern(&self, account: Option<&str>, escape: impl Fn(&str) -> String) -> String {
        let head = head(self.partition, self.service);
        let account = account.map_or_else(|| escape(self.account), str::to_owned);
        format!("{head}{}:{account}:{}", escape(self.region), escape(&self.path.concat()))
    }

    /// The pieces of the whole ARN. A bucket's and an object's have as few as can be, since they are compared most.
    pub(crate) fn segments(&self) -> [&'a str; 9] {
        let [a, b, c, d] = self.path;
        let head = head(self.partition, self.service);
        if self.region.is_empty() && self.account.is_empty() {
            [head, "::", a, b, c, d, "", "", ""]
        } else {
            [head, self.region, ":", self.account, ":", a, b, c, d]
        }
    }

    fn of_place(place: &'a AccountRegion, service: Service, path: [&'a str; 4]) -> Self {
        Self {
            partition: place.partition(),
            service,
            region: place.region(),
            account: place.account().as_str(),
            path,
        }
    }

    fn s3(bucket: &'a BucketArn, path: [&'a str; 4]) -> Self {
        let (region, account) = bucket.access_point().map_or(("", ""), |point| (point.region, point.account));
        Self { partition: bucket.partition(), service: Service::S3, region, account, path }
    }
}

impl fmt::Display for Resource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.segments().into_iter().try_for_each(|segment| f.write_str(segment))
    }
}

/// The ARN as text, to be shared.
impl From<Resource<'_>> for Arc<str> {
    fn from(resource: Resource<'_>) -> Self {
        let segments = resource.segments();
        let mut text = String::with_capacity(segments.iter().map(|segment| segment.len()).sum());
        text.extend(segments);
        text.into()
    }
}

/// What an ARN begins with, up to the colon behind its service.
const fn head(partition: Partition, service: Service) -> &'static str {
    macro_rules! of {
        ($partition:literal) => {
            match service {
                Service::S3 => concat!("arn:", $partition, ":s3:"),
                Service::Sqs => concat!("arn:", $partition, ":sqs:"),
                Service::Lambda => concat!("arn:", $partition, ":lambda:"),
            }
        };
    }
    match partition {
        Partition::Aws => of!("aws"),
        Partition::AwsCn => of!("aws-cn"),
        Partition::AwsUsGov => of!("aws-us-gov"),
        Partition::AwsEusc => of!("aws-eusc"),
        Partition::AwsIso => of!("aws-iso"),
        Partition::AwsIsoB => of!("aws-iso-b"),
        Partition::AwsIsoE => of!("aws-iso-e"),
        Partition::AwsIsoF => of!("aws-iso-f"),
    }
}

/// The values of IAM's condition keys for one request. A key that the request does not carry is `None`, which in IAM is not
/// the same as an empty value.
///
/// The operation fills in what its arguments say. What only the host knows is for the host to fill in, in every request, if it
/// told the policy that it does: see [`PolicyBuilder::provides`](crate::PolicyBuilder::provides).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Context<'a> {
    /// `s3:prefix`: the prefix of a listing.
    pub prefix: Option<&'a str>,
    /// `s3:delimiter`: the delimiter of a listing.
    pub delimiter: Option<&'a str>,
    /// `s3:max-keys`: the page size of a listing.
    pub max_keys: Option<u32>,
    /// `s3:VersionId`: the version of an object that is named.
    pub version_id: Option<&'a str>,
    /// `s3:x-amz-storage-class`: the storage class that a write asks for.
    pub storage_class: Option<&'a str>,
    /// `s3:x-amz-server-side-encryption`: the encryption that a write asks for.
    pub server_side_encryption: Option<&'a str>,
    /// `s3:x-amz-copy-source`: what is copied, `BUCKET/KEY`.
    pub copy_source: Option<ContextText<'a>>,
    /// `s3:RequestObjectTag/<key>` and `s3:RequestObjectTagKeys`: the tags that a write sets. Each key once.
    pub request_tags: &'a [(String, String)],
    /// `s3:RequestObjectTagKeys`, beside those of `request_tags`: the keys of tags of which the value is not known.
    pub request_tag_keys: &'a [String],
    /// `s3:ExistingObjectTag/<key>`: the tags that the object has. From the host, which has to ask for them only where
    /// [`Policy::depends_on_existing_tags`](crate::Policy::depends_on_existing_tags) says so.
    pub existing_tags: &'a [(String, String)],
    /// `innkeeper:Trigger`: what started the guest's call. From the host.
    pub trigger: Option<&'a str>,
    /// `innkeeper:ContentLength`: the bytes that a put sends.
    pub content_length: Option<u64>,
    /// `aws:RequestedRegion`: the region that is called. From the host.
    pub requested_region: Option<&'a str>,
    /// `aws:CurrentTime`. From the host.
    pub current_time: Option<SystemTime>,
    /// `aws:SecureTransport`: whether AWS is called over TLS. From the host.
    pub secure_transport: Option<bool>,
    /// `aws:ResourceAccount`: the account that owns the queue or function. From the host.
    pub resource_account: Option<&'a str>,
    /// `lambda:FunctionArn`: the function that is called. From the host.
    pub function_arn: Option<ContextText<'a>>,
}

/// The value of a condition key that is made of several pieces, so that nothing has to be put together to compare it.
#[derive(Clone, Copy, Debug)]
pub enum ContextText<'a> {
    /// The whole of it.
    Written(&'a str),
    /// The ARN of a resource.
    Arn(Resource<'a>),
    /// An object as `x-amz-copy-source` names it: `BUCKET/KEY`, or its ARN where the bucket is an access point.
    CopySource(Resource<'a>),
}

impl<'a> ContextText<'a> {
    /// The pieces.
    pub(crate) fn segments(&self) -> [&'a str; 9] {
        match self {
            Self::Written(text) => [text, "", "", "", "", "", "", "", ""],
            Self::CopySource(object) if object.region.is_empty() && object.account.is_empty() => {
                let [a, b, c, d] = object.path;
                [a, b, c, d, "", "", "", "", ""]
            }
            Self::Arn(resource) | Self::CopySource(resource) => resource.segments(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_shows_as_its_arn() {
        for partition in Partition::ALL {
            for service in Service::ALL {
                for place in [":", "eu-west-1:123456789012"] {
                    let text = format!("arn:{partition}:{service}:{place}:a:b/c");
                    let arn: Arn = text.parse().unwrap();
                    assert_eq!(Resource::from_arn(&arn).unwrap().to_string(), text);
                }
            }
        }
        let bucket = "arn:aws:s3:::uploads".parse().unwrap();
        let key = ObjectKey::new("a/b").unwrap();
        assert_eq!(Resource::bucket(&bucket).to_string(), "arn:aws:s3:::uploads");
        let object = Resource::object(&bucket, &key);
        assert_eq!(object.to_string(), "arn:aws:s3:::uploads/a/b");
        assert_eq!(&*Arc::<str>::from(object), "arn:aws:s3:::uploads/a/b");
        let point = "arn:aws:s3:eu-west-1:123456789012:accesspoint/photos";
        let bucket = point.parse().unwrap();
        assert_eq!(Resource::bucket(&bucket).to_string(), point);
        assert_eq!(Resource::object(&bucket, &key).to_string(), format!("{point}/object/a/b"));
    }

    #[test]
    fn a_copy_source_is_what_the_header_says() {
        let source = |bucket: &str| {
            let (bucket, key) = (bucket.parse().unwrap(), ObjectKey::new("a/b").unwrap());
            ContextText::CopySource(Resource::object(&bucket, &key)).segments().concat()
        };
        assert_eq!(source("arn:aws:s3:::uploads"), "uploads/a/b");
        let point = "arn:aws:s3:eu-west-1:123456789012:accesspoint/photos";
        assert_eq!(source(point), format!("{point}/object/a/b"));
    }

    #[test]
    fn a_service_that_no_guest_can_be_given_has_no_resources() {
        let arn = "arn:aws:iam::123456789012:role/thumbnailer".parse().unwrap();
        assert!(Resource::from_arn(&arn).is_none());
    }
}

use std::fmt;

/// An AWS service that guests can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Service {
    /// Amazon S3.
    S3,
    /// Amazon SQS.
    Sqs,
    /// AWS Lambda.
    Lambda,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::S3, Self::Sqs, Self::Lambda];

    /// The service's namespace in ARNs and the prefix of its IAM actions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Sqs => "sqs",
            Self::Lambda => "lambda",
        }
    }

    /// The service of this namespace.
    pub fn from_namespace(namespace: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.as_str() == namespace)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of resource an action is about, as AWS's service authorization reference lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResourceType {
    /// An S3 bucket: `arn:aws:s3:::BUCKET`, or an access point to one.
    Bucket,
    /// An S3 object: `arn:aws:s3:::BUCKET/KEY`, or one behind an access point.
    Object,
    /// An SQS queue: `arn:aws:sqs:REGION:ACCOUNT:QUEUE`.
    Queue,
    /// A Lambda function, or a version or alias of one: `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`.
    Function,
    /// No resource in particular: the action can only be granted on `*`, or on an ARN whose resource part is `*`.
    All,
}

impl ResourceType {
    pub(crate) const fn form(self) -> &'static str {
        match self {
            Self::Bucket => "a bucket, `arn:aws:s3:::BUCKET`",
            Self::Object => "an object, `arn:aws:s3:::BUCKET/KEY`",
            Self::Queue => "a queue, `arn:aws:sqs:REGION:ACCOUNT:QUEUE`",
            Self::Function => "a function, `arn:aws:lambda:REGION:ACCOUNT:function:NAME`",
            Self::All => "all resources, `*`",
        }
    }
}

macro_rules! actions {
    ($($variant:ident = $service:ident $name:literal on $resource:ident,)*) => {
        /// An IAM action: the unit in which a policy allows and denies.
        ///
        /// These are all that an operation of the host needs or will need; what a manifest names beyond them is an error,
        /// since nothing would enforce it.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Action {
            $(
                #[doc = concat!("`", $name, "`")]
                $variant,
            )*
        }

        impl Action {
            /// All of them, service by service.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name with its service, such as `s3:GetObject`, in AWS's spelling.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The service that the action belongs to.
            pub const fn service(self) -> Service {
                match self { $(Self::$variant => Service::$service,)* }
            }

            /// What kind of resource the action is about.
            pub const fn resource_type(self) -> ResourceType {
                match self { $(Self::$variant => ResourceType::$resource,)* }
            }
        }
    };
}

actions! {
    S3GetObject = S3 "s3:GetObject" on Object,
    S3GetObjectVersion = S3 "s3:GetObjectVersion" on Object,
    S3GetObjectAttributes = S3 "s3:GetObjectAttributes" on Object,
    S3GetObjectVersionAttributes = S3 "s3:GetObjectVersionAttributes" on Object,
    S3GetObjectTagging = S3 "s3:GetObjectTagging" on Object,
    S3GetObjectVersionTagging = S3 "s3:GetObjectVersionTagging" on Object,
    S3PutObject = S3 "s3:PutObject" on Object,
    S3PutObjectTagging = S3 "s3:PutObjectTagging" on Object,
    S3PutObjectVersionTagging = S3 "s3:PutObjectVersionTagging" on Object,
    S3DeleteObject = S3 "s3:DeleteObject" on Object,
    S3DeleteObjectVersion = S3 "s3:DeleteObjectVersion" on Object,
    S3DeleteObjectTagging = S3 "s3:DeleteObjectTagging" on Object,
    S3DeleteObjectVersionTagging = S3 "s3:DeleteObjectVersionTagging" on Object,
    S3RestoreObject = S3 "s3:RestoreObject" on Object,
    S3AbortMultipartUpload = S3 "s3:AbortMultipartUpload" on Object,
    S3ListMultipartUploadParts = S3 "s3:ListMultipartUploadParts" on Object,
    S3ListBucket = S3 "s3:ListBucket" on Bucket,
    S3ListBucketVersions = S3 "s3:ListBucketVersions" on Bucket,
    S3ListBucketMultipartUploads = S3 "s3:ListBucketMultipartUploads" on Bucket,
    S3GetBucketLocation = S3 "s3:GetBucketLocation" on Bucket,
    S3CreateBucket = S3 "s3:CreateBucket" on Bucket,
    S3DeleteBucket = S3 "s3:DeleteBucket" on Bucket,
    S3ListAllMyBuckets = S3 "s3:ListAllMyBuckets" on All,
    SqsSendMessage = Sqs "sqs:SendMessage" on Queue,
    SqsReceiveMessage = Sqs "sqs:ReceiveMessage" on Queue,
    SqsDeleteMessage = Sqs "sqs:DeleteMessage" on Queue,
    SqsChangeMessageVisibility = Sqs "sqs:ChangeMessageVisibility" on Queue,
    SqsGetQueueUrl = Sqs "sqs:GetQueueUrl" on Queue,
    SqsGetQueueAttributes = Sqs "sqs:GetQueueAttributes" on Queue,
    SqsSetQueueAttributes = Sqs "sqs:SetQueueAttributes" on Queue,
    SqsPurgeQueue = Sqs "sqs:PurgeQueue" on Queue,
    SqsCreateQueue = Sqs "sqs:CreateQueue" on Queue,
    SqsDeleteQueue = Sqs "sqs:DeleteQueue" on Queue,
    SqsListDeadLetterSourceQueues = Sqs "sqs:ListDeadLetterSourceQueues" on Queue,
    SqsStartMessageMoveTask = Sqs "sqs:StartMessageMoveTask" on Queue,
    SqsListMessageMoveTasks = Sqs "sqs:ListMessageMoveTasks" on Queue,
    SqsCancelMessageMoveTask = Sqs "sqs:CancelMessageMoveTask" on Queue,
    SqsTagQueue = Sqs "sqs:TagQueue" on Queue,
    SqsUntagQueue = Sqs "sqs:UntagQueue" on Queue,
    SqsListQueueTags = Sqs "sqs:ListQueueTags" on Queue,
    SqsListQueues = Sqs "sqs:ListQueues" on All,
    LambdaInvokeFunction = Lambda "lambda:InvokeFunction" on Function,
    LambdaGetFunction = Lambda "lambda:GetFunction" on Function,
    LambdaGetFunctionConfiguration = Lambda "lambda:GetFunctionConfiguration" on Function,
    LambdaListVersionsByFunction = Lambda "lambda:ListVersionsByFunction" on Function,
    LambdaGetAlias = Lambda "lambda:GetAlias" on Function,
    LambdaListAliases = Lambda "lambda:ListAliases" on Function,
    LambdaListFunctions = Lambda "lambda:ListFunctions" on All,
}

impl Action {
    /// The action of this name, without regard to case, as IAM compares them.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.as_str().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of actions, as one bit each, so that most rules are passed over with one instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ActionSet(u64);

const _: () = assert!(Action::ALL.len() <= u64::BITS as usize, "an `ActionSet` has a bit for each action");

impl ActionSet {
    pub(crate) const fn contains(self, action: Action) -> bool {
        self.0 & (1 << action as u8) != 0
    }

    /// All actions but these.
    pub(crate) fn complement(self) -> Self {
        Action::ALL.iter().copied().filter(|&action| !self.contains(action)).collect()
    }

    /// The actions of both.
    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These, but for those that are in the other.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The actions that are in both.
    pub(crate) const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of these are in the other.
    pub(crate) const fn is_in(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether the two have one in common.
    pub(crate) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn len(self) -> u32 {
        self.0.count_ones()
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL.iter().copied().filter(move |&action| self.contains(action))
    }
}

impl FromIterator<Action> for ActionSet {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Self {
        Self(actions.into_iter().fold(0, |bits, action| bits | (1 << action as u8)))
    }
}

impl FromIterator<Self> for ActionSet {
    fn from_iter<I: IntoIterator<Item = Self>>(sets: I) -> Self {
        Self(sets.into_iter().fold(0, |bits, set| bits | set.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_with_their_service_and_are_unique() {
        for (index, action) in Action::ALL.iter().enumerate() {
            assert_eq!(*action as usize, index);
            assert!(action.as_str().starts_with(&format!("{}:", action.service())), "{action}");
            assert_eq!(Action::from_name(&action.as_str().to_uppercase()), Some(*action));
        }
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set: ActionSet = [Action::S3GetObject, Action::LambdaListFunctions].into_iter().collect();
        assert!(set.contains(Action::S3GetObject) && set.contains(Action::LambdaListFunctions));
        assert!(!set.contains(Action::S3PutObject));
        assert_eq!(set.iter().collect::<Vec<_>>(), [Action::S3GetObject, Action::LambdaListFunctions]);
        assert_eq!(set.len(), 2);
    }
}

"""What the scripts have in common."""

import sys

import boto3
import botocore.config
import botocore.exceptions

URL = sys.argv[1]


def client(service, **options):
    """A client of the fake, which retries nothing: what fails is to be seen."""
    credentials = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
    config = botocore.config.Config(retries={"max_attempts": 0}).merge(options.pop("config", botocore.config.Config()))
    return boto3.client(
        service, endpoint_url=URL, region_name="eu-west-1", config=config, **{**credentials, **options}
    )


class fails:
    """`with fails("Code", status):` the block ends with this error of AWS."""

    def __init__(self, code, status=400):
        self.code, self.status = code, status

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        assert isinstance(error, botocore.exceptions.ClientError), f"{self.code} was expected, and there was {error!r}"
        self.error = error.response["Error"]
        found = (self.error["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
        assert found == (self.code, self.status), found
        return True

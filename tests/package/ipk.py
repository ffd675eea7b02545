"""An .ipk, taken apart."""

import gzip
import io
import tarfile


class Ipk:
    """`outer` are the names of its members; `data` and `control` its two archives, by path."""

    def __init__(self, path):
        with tarfile.open(path, "r:gz") as outer:
            self.outer = [member.name for member in outer]
            self.members = list(outer)
            self.version = outer.extractfile("./debian-binary").read()
            parts = {part: outer.extractfile(f"./{part}.tar.gz").read() for part in ("data", "control")}
        self.tars = {part: gzip.decompress(packed) for part, packed in parts.items()}
        self.data = self._members("data")
        self.control = self._members("control")
        self.fields = self._fields()

    def _members(self, part):
        with tarfile.open(fileobj=io.BytesIO(self.tars[part])) as tar:
            return {member.name.removeprefix(".").removeprefix("/"): member for member in tar}

    def text(self, name, part="control"):
        """The content of a file as text."""
        return self.content(name, part).decode()

    def content(self, name, part="data"):
        with tarfile.open(fileobj=io.BytesIO(self.tars[part])) as tar:
            return tar.extractfile(f"./{name}").read()

    def _fields(self):
        """The fields of `control`, in their order."""
        return parse_fields(self.text("control"))

    def extract(self, root):
        with tarfile.open(fileobj=io.BytesIO(self.tars["data"])) as tar:
            # As root, with owner and mode as they are in there.
            tar.extractall(root, numeric_owner=True)


def parse_fields(text):
    fields = {}
    for line in text.rstrip("\n").split("\n"):
        if line.startswith(" "):
            fields[name] += "\n" + line[1:]
        else:
            name, value = line.split(": ", 1)
            fields[name] = value
    return fields

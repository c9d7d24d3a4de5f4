"""The cases: a folder each, with case.json, the configs of all programs, and what has to come out."""
import dataclasses
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FOLDER = HERE / "cases"


@dataclasses.dataclass
class Case:
    """case.json; README.md says what its keys mean."""
    name: str
    folder: pathlib.Path
    work: str
    kind: str = "throughput"
    id: str = ""
    order: int = 50
    input: str = "json"
    load: str = "tcp"
    output: str = "null"
    rounds: int = 5
    goal_us: float = 0
    limit: list = dataclasses.field(default_factory=list)
    load_options: dict = dataclasses.field(default_factory=dict)
    variables: dict = dataclasses.field(default_factory=dict)
    configs: str = ""
    configs_of_peers: list = dataclasses.field(default_factory=list)
    options: list = dataclasses.field(default_factory=list)
    prefix: list = dataclasses.field(default_factory=list)
    varies: list = dataclasses.field(default_factory=list)
    compared: list = dataclasses.field(default_factory=list)
    not_compared: dict = dataclasses.field(default_factory=dict)
    peers_checked_by: str = ""
    elsewhere: dict = dataclasses.field(default_factory=dict)
    notes: dict = dataclasses.field(default_factory=dict)

    def file(self, name):
        """A file of the case, or of the case whose configs it shares."""
        own = self.folder / name
        return own if own.exists() or not self.configs else FOLDER / self.configs / name

    def peer_file(self, peer, suffix):
        """The config of a peer, or None; one of the shared case counts only where the case says so."""
        name = peer + suffix
        path = self.file(name) if peer in self.configs_of_peers else self.folder / name
        return path if path.exists() else None

    def limit_us(self, nanos):
        """The limit program's figure for this case's work, in microseconds; None when it has none."""
        return sum(nanos[part] for part in self.limit) / 1000 if self.limit else None


def load(name):
    folder = FOLDER / name
    return Case(name=name, folder=folder, **json.loads((folder / "case.json").read_text()))


def names():
    return sorted(path.parent.name for path in FOLDER.glob("*/case.json"))


def insert_main(text):
    """Puts pipelines/main.conf, or its filters, where a config says so."""
    main = (ROOT / "pipelines" / "main.conf").read_text()
    filters = main[main.index("filter {"):main.index("output {")]
    return text.replace("# The whole of pipelines/main.conf.", main).replace("# The filters of pipelines/main.conf.", filters)

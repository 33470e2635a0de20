"""Two kinds of import contract that import-linter lacks; declared in pyproject.toml, run by `lint-imports`.

`only`      the source imports itself, the standard library and what is allowed, nothing else
`known_by`  a library is imported by the named packages alone
"""

import sys
from typing import Any, cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


def _inside(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


class _Direct(Contract):
    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["found"]:
            output.print_error(line)

    def _verdict(self, found: list[str]) -> ContractCheck:
        return ContractCheck(kept=not found, metadata={"found": sorted(found)})


class Only(_Direct):
    source = fields.StringField()
    allowed = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        source, allowed = cast(str, self.source), cast(list[str], self.allowed)
        found = [
            f"{importer} imports {imported}; allowed: {', '.join(allowed)} and the standard library"
            for importer in graph.modules
            if _inside(importer, source)
            for imported in graph.find_modules_directly_imported_by(importer)
            if not self._allowed(imported, [source, *allowed])
        ]
        return self._verdict(found)

    @staticmethod
    def _allowed(imported: str, packages: list[str]) -> bool:
        if imported.partition(".")[0] in sys.stdlib_module_names:
            return True
        return any(_inside(imported, package) for package in packages)


class KnownBy(_Direct):
    libraries = fields.ListField(subfield=fields.StringField())
    importers = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        importers: list[Any] = cast(list[Any], self.importers)
        found = [
            f"{importer} imports {library}; only {', '.join(importers)} may"
            for library in cast(list[str], self.libraries)
            if library in graph.modules
            for importer in graph.find_modules_that_directly_import(library)
            if not any(_inside(importer, package) for package in importers)
        ]
        return self._verdict(found)

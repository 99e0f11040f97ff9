"""Judges outcomes and shows them.

In: outcomes (`matrix.outcome`), limitations, cells. Out: verdicts, summaries, and the files of a report as
`reports.file.File`, which `harness.runs` writes. Pure, but for `history`, which reads and writes one SQLite file, and
`terminal`, which prints. Imports `matrix` only.

- judge: `verdict`, `unexpected`, `causes`, `tracebacks`, `summary`, `flakes`, `differences`, `runtimes`, `changes`,
  `triage`, `boundaries`
- collect over the cells of a run: `shared`, `recorded`, `gathered`, `timelines`, `probed`
- show: `junit`, `columns`, `page`, `render`, `limitation_formats`, `limitation_matrix`, `terminal`, `safe_text`
- keep: `history`, and `chosen`, which finds runs in it
"""

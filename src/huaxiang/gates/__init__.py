"""Gates: whether a night may be published. The only room that knows Great Expectations."""

from huaxiang.gates.history import against_past, age_days, rows_by_day
from huaxiang.gates.judge import judge
from huaxiang.gates.report import GateReport, GateResult

__all__ = ["GateReport", "GateResult", "against_past", "age_days", "judge", "rows_by_day"]

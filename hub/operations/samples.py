"""The values of one scrape, held against the declarations."""

from collections.abc import Iterable, Sequence
from math import inf

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from hub.operations.metrics import METRICS, Metric


class Samples(Collector):
    """A collector of what was added. A metric without a value is still announced with its meaning."""

    def __init__(self) -> None:
        self._values = {m: _family(m) for m in METRICS if m.kind != "histogram"}
        self._histograms = {
            m: HistogramMetricFamily(m.name, m.en, labels=m.labels) for m in METRICS if m.kind == "histogram"
        }

    def add(self, metric: Metric, value: float, *labels: object) -> None:
        """One value. Raises ValueError for another number of labels than declared."""
        self._values[metric].add_metric(_texts(metric, labels), value)

    def spread(
        self, metric: Metric, bounds: Sequence[float], counts: Sequence[int], total: float, *labels: object
    ) -> None:
        """One histogram. `counts` has one more than `bounds`: those above all of them."""
        buckets, seen = [], 0
        for bound, count in zip([*bounds, inf], counts, strict=True):
            seen += count
            buckets.append((str(float(bound)) if bound != inf else "+Inf", float(seen)))
        self._histograms[metric].add_metric(_texts(metric, labels), buckets, sum_value=total)

    def collect(self) -> Iterable[Family]:
        """For the registry."""
        return [*self._values.values(), *self._histograms.values()]


def _family(metric: Metric) -> CounterMetricFamily | GaugeMetricFamily:
    made = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    return made(metric.name, metric.en, labels=metric.labels)


def _texts(metric: Metric, labels: Sequence[object]) -> list[str]:
    if len(labels) != len(metric.labels):
        raise ValueError(f"{metric.name}: labels {labels!r}, must be {metric.labels}")
    return [str(label) for label in labels]

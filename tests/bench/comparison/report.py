"""The table: medians over the rounds with their spread, and ratios pair by pair. It must not know how a value
was found."""
import statistics

COLUMNS = ["case", "system", "unit", "median", "min..max", "p99", "CPU us/job", "peak MiB", "offload is better by",
           "min..max"]


def short(value):
    """Three or four digits that say something."""
    if value is None:
        return ""
    if value == 0:
        return "0"
    if abs(value) >= 100000:
        return "%.0f k" % (value / 1000)
    return "%.0f" % value if abs(value) >= 100 else "%.1f" % value if abs(value) >= 10 else "%.3g" % value


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def spread(values):
    return "%s..%s" % (short(min(values)), short(max(values))) if values else ""


def values_of(case, samples, base):
    """By round; in the case of shares each against the base of its own round."""
    if not case.share_of:
        return {number: sample.value for number, sample in samples.items()}
    return {number: sample.value / base[number].value for number, sample in samples.items() if number in base}


def ratios(case, ours, theirs):
    """How much better offload was, in each round in which both were measured."""
    return [ours[number] / theirs[number] if case.more_is_better else theirs[number] / ours[number]
            for number in sorted(ours) if theirs.get(number) and ours[number]]


def summary(case, samples):
    """A dictionary for each row. `samples`: {row: {round: Sample}}, ours first."""
    base = samples.get(case.share_of, {})
    ours = values_of(case, next(iter(samples.values())), base)
    result = []
    for name, by_round in samples.items():
        values = values_of(case, by_round, base)
        result.append({
            "case": case.name, "system": name, "unit": case.unit, "values": [values[n] for n in sorted(values)],
            "p99": median([sample.p99 for sample in by_round.values()]),
            "cpu_us_per_job": median([sample.cpu_us_per_job for sample in by_round.values()]),
            "peak_mib": median([sample.peak_mib for sample in by_round.values()]),
            "offload_better_by": ratios(case, ours, values) if values is not ours else [],
            "more": {key: median([sample.more.get(key) for sample in by_round.values()])
                     for sample in by_round.values() for key in sample.more},
        })
    result[0]["offload_better_by"] = []
    return result


def cells(row):
    better = row["offload_better_by"]
    return [row["case"], row["system"], row["unit"], short(median(row["values"])) or "failed",
            spread(row["values"]), short(row["p99"]), short(row["cpu_us_per_job"]), short(row["peak_mib"]),
            short(median(better)), spread(better)]


def table(rows):
    lines = [COLUMNS] + [cells(row) for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    right = [False, False, False] + [True] * (len(COLUMNS) - 3)
    texts = ["| %s |" % " | ".join(
        cell.rjust(width) if at_right else cell.ljust(width)
        for cell, width, at_right in zip(line, widths, right)) for line in lines]
    rule = "|%s|" % "|".join("-" * (width + 1) + (":" if at_right else "-") for width, at_right in zip(widths, right))
    return "\n".join([texts[0], rule, *texts[1:]])


def further(rows):
    """What has no column."""
    return "\n".join("%s, %s: %s" % (row["case"], row["system"], ", ".join(
        "%s %s" % (short(value), key) for key, value in row["more"].items())) for row in rows if row["more"])

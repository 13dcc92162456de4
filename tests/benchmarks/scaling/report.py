"""The tables of docs/scaling.md, as data: by arithmetic, by simulation, and in dollars."""

import msgspec

from . import dollars
from .arithmetic import PREFIX_PUTS_PER_SECOND, Flow, limits, need, ramp_seconds, sized
from .service import Service
from .settings import Settings, read
from .simulation import HOPS, Seen, simulate

TB, PB = 1024.0, 1024.0**2  # in GB
STACKS = 100  # over which 1 PB a day is spread
_PEAK = 3.0
_WARM_UP, _SECONDS = 300.0, 1200.0
_FACTORS = (0.5, 1.0, 2.0, 3.0, 4.0)
_MOVED = 16 * TB
_SMALL_FILES, _SMALL_BYTES = 100_000, 1000
_MIB = 2**20


class Table(msgspec.Struct, frozen=True):
    """`about` is the paragraph above it, in Markdown."""

    title: str
    about: str
    head: list[str]
    rows: list[list[str]]


def tables(service: Service) -> list[Table]:
    prod = read("prod")
    slice_ = Flow(PB / STACKS, service)
    return [
        _needs(service),
        _reaches(service),
        _sweep(
            "prod, its stream new",
            f"prod as it is deployed: {prod.shards} MB/s of stream.",
            Flow(TB, service),
            prod,
        ),
        _sweep(
            "prod, its stream grown",
            f"The same after the stream has grown to {prod.grown().shards} MB/s.",
            Flow(4 * TB, service),
            prod.grown(),
        ),
        _sweep(
            "a hundredth of 1 PB a day",
            f"One of {STACKS} stacks: {_described(sized(slice_))}.",
            slice_,
            sized(slice_),
        ),
        _moves(service, prod.grown()),
        _object_sizes(service, prod.grown()),
        _prices(service, prod),
        _months(service),
        _small_files(service, prod),
    ]


def _needs(service: Service) -> Table:
    flows = [Flow(gb, service) for gb in (TB, PB)]
    of = [need(flow) for flow in flows]
    rows = [
        ["raw MiB a second", *(f"{flow.objects_per_second * flow.object_mb:,.1f}" for flow in flows)],
        ["raw objects of 64 MB a second", *(f"{found.objects_per_second:,.2f}" for found in of)],
        ["chunks a second, and puts to the busiest S3 prefix", *(f"{found.chunks_per_second:,.1f}" for found in of)],
        ["Parquet objects a day", *(f"{found.chunks_per_second * 86_400:,.0f}" for found in of)],
        ["processors at work", *(f"{found.processors:,.1f}" for found in of)],
        ["shards", *(f"{found.shards:,.1f}" for found in of)],
        ["enrichments at work", *(f"{found.enrichments:,.1f}" for found in of)],
        [
            f"invocations at once, {_PEAK:g} times the average",
            *(f"{_PEAK * (found.processors + found.enrichments):,.0f}" for found in of),
        ],
        [
            "seconds until a queue's mapping runs the processors of that peak",
            *(f"{ramp_seconds(_PEAK * found.processors):,.0f}" for found in of),
        ],
        [
            f"busiest S3 prefix at that peak, of {PREFIX_PUTS_PER_SECOND:,} puts a second",
            *(f"{_PEAK * found.chunks_per_second / PREFIX_PUTS_PER_SECOND:.1%}" for found in of),
        ],
        ["loads a day, at 100 s or 1,000 chunks", *(f"{_loads(found.chunks_per_second):,.0f}" for found in of)],
        ["RPU that COPY keeps busy", *(f"{found.rpu:,.1f}" for found in of)],
        ["ledger locked, at 20 s for 1,000 chunks", *(f"{found.load_turns:,.2f} of the time" for found in of)],
    ]
    return Table("What a flow needs", "On average.", ["", "1 TB a day", "1 PB a day"], rows)


def _loads(chunks_per_second: float) -> float:
    return 86_400 * max(1 / 100, chunks_per_second / 1000)


def _reaches(service: Service) -> Table:
    rows, flow = [], Flow(1, service)
    for name in ("dev", "staging", "prod"):
        settings = read(name)
        cases = {name: settings}
        if settings.is_on_demand:
            cases = {f"{name}, new stream": settings, f"{name}, grown stream": settings.grown()}
        for label, case in cases.items():
            found = {hop: limit / TB for hop, limit in limits(flow, case).items()}
            budget = dollars.rpu_limit(flow, case)
            found["RPU-hours"] = float("inf") if budget is None else budget / TB
            first = min(found, key=lambda hop: found[hop])
            rows.append([label, *(_tb(limit) for limit in found.values()), first])
    head = ["environment", "processor", "stream", "enrichment", "account", "S3 prefix", "loader", "RPU-hours", "first"]
    about = (
        "TB a day, objects of 64 MB. *RPU-hours* is the daily or monthly limit of the warehouse, past which loads wait "
        "for the next day; objects come evenly over the day here, and so wake it again and again."
    )
    return Table("Where each hop is busy all the time", about, head, rows)


def _tb(limit: float) -> str:
    if limit == float("inf"):
        return "never"
    return f"{limit:,.1f}" if limit >= 0.1 else f"{limit * 1024:,.1f} GB"


_HEAD = ["p50 s", "p95 s", "p99 s", *HOPS, "blocked", "committed", "waiting: half-way → end", "saturated"]


def _row(flow: Flow, settings: Settings) -> list[str]:
    seen = simulate(flow, settings, _SECONDS, warm_up=_WARM_UP)
    latencies = [f"{seen.percentile(share):,.0f}" for share in (0.50, 0.95, 0.99)]
    busy = [f"{seen.busy[hop]:.0%}" for hop in HOPS]
    share = seen.per_second["loader"] / flow.chunks_per_second
    return [*latencies, *busy, f"{seen.blocked:.0%}", f"{share:.0%}", _waiting(seen), seen.saturated or "no"]


def _waiting(seen: Seen) -> str:
    hop = seen.saturated or max(HOPS, key=lambda name: seen.waiting[name][-1])
    hop = "processor" if hop == "stream" else hop  # a full stream makes objects wait for their processors
    samples = seen.waiting[hop]
    word = "objects" if hop == "processor" else "chunks"
    return f"{samples[len(samples) // 2]:,} → {samples[-1]:,} {word} ({hop})"


def _sweep(name: str, about: str, flow: Flow, settings: Settings) -> Table:
    rows = [
        [f"{factor:g}", f"{flow.gb_per_day * factor / TB:,.1f}", *_row(flow.times(factor), settings)]
        for factor in _FACTORS
    ]
    return Table(f"Simulated: {name}", about, ["load", "TB a day", *_HEAD], rows)


def _described(settings: Settings) -> str:
    return (
        f"{settings.processor_concurrency} processors, {settings.shards} shards, "
        f"`parallelization_factor` {settings.parallelization_factor}, {settings.base_capacity_rpu} RPU"
    )


def _moves(service: Service, prod: Settings) -> Table:
    """The same flow, with one setting moved after the other."""
    flow = Flow(_MOVED, service)
    fast = msgspec.structs.replace(prod, base_capacity_rpu=32)

    def changed(**settings: int) -> Settings:
        return msgspec.structs.replace(fast, **settings)

    cases: list[tuple[str, Flow, Settings]] = [
        ("prod, its stream grown", flow, prod),
        ("`base_capacity_rpu` 16", flow, changed(base_capacity_rpu=16)),
        ("`base_capacity_rpu` 32", flow, fast),
        ("32, and `loader_window_seconds` 30", flow, changed(loader_window_seconds=30)),
        ("32, and `loader_window_seconds` 300", flow, changed(loader_window_seconds=300)),
        ("32, and `maximum_concurrency` 4", flow, changed(processor_concurrency=4)),
        ("32, and `shard_count` 16", flow, changed(shards=16)),
        ("32, and 24 shards with `parallelization_factor` 1", flow, changed(shards=24, parallelization_factor=1)),
        ("32, and 24 shards with `parallelization_factor` 4", flow, changed(shards=24)),
        ("32, and objects of 8 MB", Flow(_MOVED, service, 8), fast),
        ("32, and objects of 4 MB", Flow(_MOVED, service, 4), fast),
        *(
            (f"1 TB a day: `loader_window_seconds` {window}", Flow(TB, service), _window(prod, window))
            for window in (30, 100, 300)
        ),
    ]
    rows = [[name, *_row(of, settings)] for name, of, settings in cases]
    about = f"From *prod, its stream grown*, one setting after the other, at {_MOVED / TB:.0f} TB a day."
    return Table("Simulated: one setting moved", about, ["setting", *_HEAD], rows)


def _window(settings: Settings, seconds: int) -> Settings:
    return msgspec.structs.replace(settings, loader_window_seconds=seconds)


def _object_sizes(service: Service, settings: Settings) -> Table:
    sizes = {"256 MB": 256.0, "64 MB": 64.0, "8 MB": 8.0, "1 MB": 1.0, "100 kB": 0.1, "1 kB": _SMALL_BYTES / _MIB}
    rows, head = [], [""]
    for label, size in sizes.items():
        found = limits(Flow(1, service, size), settings)
        head = ["objects of", *found, "first"]
        first = min(found, key=lambda hop: found[hop])
        rows.append([label, *(_tb(limit / TB) for limit in found.values()), first])
    about = "TB a day at which each hop is busy all the time in prod, its stream grown."
    return Table("The size of objects", about, head, rows)


def _prices(service: Service, prod: Settings) -> Table:
    flow = Flow(TB, service)
    prod = msgspec.structs.replace(prod, daily_limit_rpu_hours=None, monthly_limit_rpu_hours=None)
    before = sum(dollars.month(flow, prod).values())

    def more(**settings: int) -> str:
        after = sum(dollars.month(flow, msgspec.structs.replace(prod, **settings)).values())
        return f"{after - before:+,.0f}"

    rows = [
        ["`functions.processor.maximum_concurrency`", "processor", "0: an invocation costs what it computes"],
        ["`functions.enrichment.parallelization_factor`", "enrichment", "0"],
        [
            "`stream.shard_count`, one more (chunks kept for more than a day)",
            "stream, enrichment",
            f"+{dollars.shard():,.2f}",
        ],
        ["`warehouse.base_capacity_rpu`, one more, always awake", "loader", f"+{dollars.rpu():,.2f}"],
        ["`warehouse.base_capacity_rpu` 8 → 32, prod at 1 TB a day", "loader", more(base_capacity_rpu=32)],
        ["`loader_window_seconds` 100 → 300, prod at 1 TB a day", "loader, latency", more(loader_window_seconds=300)],
        ["`loader_window_seconds` 100 → 30, prod at 1 TB a day", "loader, latency", more(loader_window_seconds=30)],
    ]
    about = (
        f"Dollars a month, by `datavault cost` and the list prices of {dollars.prices().date}, as if no limit of "
        "RPU-hours stopped the warehouse: who raises the capacity raises `daily_limit_rpu_hours` and "
        "`monthly_limit_rpu_hours` with it (24 and 730 for each RPU that is always awake)."
    )
    return Table("What a setting costs", about, ["setting", "moves", "a month"], rows)


def _months(service: Service) -> Table:
    small, large = Flow(TB, service), Flow(PB / STACKS, service)
    one, one_of_many = sized(small), sized(large)
    bills = (dollars.month(small, one), dollars.month(large, one_of_many))
    services = sorted(bills[0] | bills[1], key=lambda name: -bills[0].get(name, 0))
    rows = [
        [name, f"{bills[0].get(name, 0):,.0f}", f"{bills[1].get(name, 0) * STACKS:,.0f}"]
        for name in services
        if bills[0].get(name, 0) >= 1
    ]
    sums = sum(bills[0].values()), sum(bills[1].values()) * STACKS
    rows.append(["together", *(f"{usd:,.0f}" for usd in sums)])
    about = (
        f"Dollars a month without what is kept. 1 TB a day: {_described(one)}. 1 PB a day: {STACKS} stacks, each with "
        f"{_described(one_of_many)}. List prices of the first step: at this size AWS gives discounts."
    )
    return Table("What such a flow costs", about, ["", "1 TB a day", "1 PB a day"], rows)


def _small_files(service: Service, prod: Settings) -> Table:
    small = Flow(1, service, _SMALL_BYTES / _MIB)
    together = Flow(1, service, _SMALL_FILES * _SMALL_BYTES / _MIB)
    many, bill = dollars.batch(small, _SMALL_FILES, prod)
    one, one_bill = dollars.batch(together, 1, prod)
    rows = [[what, f"{many[what]:,.0f}", f"{one[what]:,.0f}"] for what in many]
    rows.append(["dollars", *(f"{sum(line.usd for line in lines):,.2f}" for lines in (bill, one_bill))])
    head = ["", f"{_SMALL_FILES:,} objects of 1 kB", "one object of 100 MB"]
    return Table("Many small objects", "The same bytes, at prod's settings.", head, rows)

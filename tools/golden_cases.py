# SPDX-License-Identifier: BSD-2-Clause
"""The runs of tools/golden.py: each option alone with values at its limits and in between, and
combinations in which every two values of different options meet.

Values are our own choice from what the options are documented to mean; where a value needs
others (--enet-vlan=add a tag) they stand together.
"""
import itertools
import random

# Services for --services: what a line may look like, and what is not one.
SERVICES = "weir 80/tcp\nweir 53/UDP # 8080/tcp\n7000/udp\nnothing 9/sctp\n70000/tcp\n"

# What comes after the options.
FILES = {
    "tcprewrite": ["--infile=in", "--outfile=out"],
    "tcpprep": ["--pcap=in", "--cachefile=out"],
}

# Shared traces that are not joined with others: see DIFFERENT.
ALONE = ("arp-oobr.pcap",)

# Why an output is not the same (docs/tcpreplay.md tells more).
REASONS = {
    "beyond": "the old program reads or writes beyond the end of the frame",
    "tags": "the old program writes tags of converted frames over their MAC addresses",
    "twice": "fuzzing walks converted frames again, as what they no longer are",
    "llc": "the old program converts frames that end within LLC or a tag",
    "gives-up": "the old program ends at a frame whose TCP, DNS or ICMP header is cut",
    "two-passes": "the old program enters what a rule leaves out in each of its two passes",
    "shifted": "the old program counts frames of under 14 bytes but does not enter them",
}

# (reason, program, regex of the trace, regex of the options): where it may be one.
DIFFERENT = (
    ("twice", "tcprewrite", ".*", "--fuzz-seed.*--dlt"),
    ("tags", "tcprewrite", "mixed-.*|shared-.*", "--enet-vlan=.*--dlt=enet"),
    ("beyond", "tcprewrite", "beyond|arp-oobr.pcap", "--(ttl|fix|mtu|seed|pnat|endp|tcp-|portmap)"),
    ("beyond", "tcprewrite", "mixed-.*|shared-.*", "--mtu-trunc|--efcs"),
    ("llc", "tcprewrite", "mixed-wlan", "--dlt"),
    ("two-passes", "tcpprep", ".*", "--auto=.*clude=[^F]|clude=[^F].*--auto="),
    ("gives-up", "tcpprep", "mixed-.*|beyond|shared-.*", "--auto=[^f]"),
    ("shifted", "tcpprep", "mixed-ethernet|shared-1", "--mac="),
)

CACHE = "--cachefile=cache"
V4, V6 = "10.0.0.0/8:172.16.0.0/12", "[2001:db8::/32]:[fd00:1::/32]"
MACS = ["--enet-dmac=02:aa:00:00:00:01,02:bb:00:00:00:01",
        "--enet-smac=02:aa:00:00:00:02,02:bb:00:00:00:02"]
HDLC = ["--dlt=hdlc", "--hdlc-address=15", "--hdlc-control=3"]
USER = ["--dlt=user", "--user-dlt=147"]

REWRITE = [
    [],
    ["--efcs"],
    ["--efcs", "--seed=3", "--tos=4"],
    ["--efcs", "--enet-vlan=add", "--enet-vlan-tag=2"],
    *([f"--tos={n}"] for n in (0, 16, 255)),
    *([f"--tclass={n}"] for n in (0, 184, 255)),
    *([f"--flowlabel={n}"] for n in (0, 4711, 1048575)),
    ["--tclass=3", "--flowlabel=74565"],
    *([f"--ttl={n}"] for n in ("1", "64", "255", "+1", "+200", "-1", "-63", "-200")),
    *([f"--portmap={text}"] for text in (
        "80:8080", "53:5353,80:81", "8000-8999:7", "80+81+53:9", "80-81:53,53:80",
        "1-65535:4000", "0:1", "5201:65535")),
    ["--portmap=80:81", "--portmap=81:82,80:83"],
    *([f"--tcp-sequence={n}"] for n in (1, 4711, 4294967295)),
    *(["--mtu-trunc", f"--mtu={n}"] for n in (60, 100, 576, 1400, 3000)),
    ["--mtu-trunc"],
    ["--mtu=200"],
    ["--fixlen=pad"], ["--fixlen=trunc"], ["--fixlen=del"],
    ["--fixhdrlen"],
    ["--fixcsum"],
    *([f"--seed={n}"] for n in (0, 1, 1976, 4294967295)),
    ["--seed=7", "--skipbroadcast"],
    *([f"--{side}ipmap={text}"] for side in ("src", "dst") for text in (
        V4, V6, f"{V4},{V6}", "10.1.0.1:192.0.2.9", "10.0.0.0/8:1.2.3.4/0", "0.0.0.0/0:9.9.9.9/32",
        "224.0.0.0/4:10.0.0.0/8", "192.0.2.0/24:239.1.1.0/24", "[::/0]:[2001:db8:ffff::9/128]",
        "192.0.2.1:1.1.1.1,192.0.2.0/24:2.2.2.0/24,0.0.0.0/0:3.3.3.3", "[ff00::/8]:[ff0e::/16]")),
    [f"--srcipmap={V4}", f"--dstipmap=198.51.100.0/24:224.9.0.0/16,{V6}"],
    ["--dstipmap=0.0.0.0/0:8.0.0.0/8,[::/0]:[fd00::/8]", "--skipbroadcast"],
    *([f"--pnat={text}"] for text in (
        V4, f"{V6},{V4}", "192.0.2.0/24:192.168.7.0/24", "198.51.100.0/25:224.3.4.0/25")),
    [f"--pnat={V4},{V6}", "--pnat=198.51.100.0/24:9.9.9.0/24,[2001:db8:2::/48]:[fd00:9::/48]",
     CACHE],
    [f"--pnat={V4}", "--pnat=0.0.0.0/0:8.8.0.0/16", CACHE],
    ["--endpoints=10.9.9.9:10.8.8.8", CACHE],
    ["--endpoints=[fd00::9]:[fd00::8]", CACHE],
    [CACHE],
    *(["--fuzz-seed=" + str(n), f"--fuzz-factor={f}"] for n, f in
      ((0, 1), (1, 2), (42, 3), (4294967295, 1), (7, 1))),
    ["--fuzz-seed=5"],
    ["--fuzz-seed=9", "--fuzz-factor=2", "--ttl=+5"],
    ["--enet-dmac=02:aa:00:00:00:01"],
    ["--enet-smac=02:aa:00:00:00:02"],
    [*MACS, CACHE],
    ["--enet-dmac=,02:bb:00:00:00:01", CACHE],
    ["--enet-smac=02:aa:00:00:00:02,", CACHE],
    [*MACS, "--skipl2broadcast"],
    ["--enet-subsmac=02:00:00:00:00:01,02:00:00:00:00:09"],
    ["--enet-subsmac=02:00:00:00:00:01,02:00:00:00:00:02,02:00:00:00:00:02,ff:ff:ff:ff:ff:ff"],
    *([f"--enet-mac-seed={n}"] for n in (0, 42, 65535)),
    *(["--enet-mac-seed=11", f"--enet-mac-seed-keep-bytes={n}"] for n in (1, 3, 6)),
    ["--enet-mac-seed=12", "--skipl2broadcast"],
    ["--enet-vlan=add", "--enet-vlan-tag=45"],
    ["--enet-vlan=add", "--enet-vlan-tag=4095", "--enet-vlan-pri=5", "--enet-vlan-cfi=1"],
    ["--enet-vlan=add", "--enet-vlan-tag=0", "--enet-vlan-proto=802.1ad"],
    ["--enet-vlan=add", "--enet-vlan-tag=9", "--dlt=enet", *MACS],
    ["--enet-vlan=del"],
    ["--enet-vlan=del", "--dlt=enet", *MACS],
    ["--dlt=enet"],
    ["--dlt=enet", *MACS],
    ["--dlt=enet", *MACS, CACHE],
    ["--dlt=hdlc"],
    HDLC,
    ["--dlt=hdlc", "--hdlc-address=255"],
    ["--hdlc-address=143", "--hdlc-control=1"],
    [*USER, "--user-dlink=0f,00,08,00"],
    [*USER, "--user-dlink=01,02", "--user-dlink=ff", CACHE],
    ["--dlt=user", "--user-dlink=00,11,22,33,44,55,66,77,88,99,aa,bb,08,00"],
    *([f"--dlt={name}"] for name in ("raw", "null", "loop", "linuxsll", "ieee80211", "radiotap",
                                     "jnpr_eth", "pppserial", "linuxsll2")),
    ["--skip-soft-errors"],
    ["--skip-soft-errors", *HDLC],
    ["--skip-soft-errors", "--fixcsum"],
]

REWRITE_PAIRS = [
    [[], ["--tos=8"], ["--tclass=5", "--flowlabel=99"]],
    [[], ["--ttl=33"], ["--ttl=+3"], ["--ttl=-3"]],
    [[], ["--portmap=80:8888,53:80"], ["--portmap=1-9999:7"]],
    [[], ["--tcp-sequence=31"]],
    [[], ["--fuzz-seed=3", "--fuzz-factor=3"]],
    [[], ["--fixlen=pad"], ["--fixlen=trunc"], ["--mtu-trunc", "--mtu=200"]],
    [[], ["--fixhdrlen"]],
    [[], [f"--srcipmap={V4},{V6}", "--dstipmap=198.51.100.0/24:225.1.2.0/24"],
     [f"--pnat={V4},{V6}"], [f"--pnat={V4}", f"--pnat={V6},198.51.100.0/24:7.7.7.0/24"],
     ["--endpoints=10.9.9.9:10.8.8.8"]],
    [[], ["--seed=17"]],
    [[], ["--skipbroadcast"], ["--skipl2broadcast"]],
    [[], ["--fixcsum"]],
    [[], MACS, ["--enet-subsmac=02:00:00:00:00:02,02:cc:00:00:00:02"], ["--enet-mac-seed=5"]],
    [[], ["--enet-vlan=add", "--enet-vlan-tag=77"],
     ["--enet-vlan=add", "--enet-vlan-tag=1", "--enet-vlan-pri=7", "--enet-vlan-cfi=0",
      "--enet-vlan-proto=802.1ad"], ["--enet-vlan=del"]],
    [[], ["--dlt=enet"], HDLC, [*USER, "--user-dlink=00,01,02,03,08,00"]],
    [[], [CACHE]],
    [[], ["--skip-soft-errors"]],
]

AUTO = ("bridge", "router", "client", "server", "first")
RULES = ["S:10.0.0.0/8,[2001:db8:1::/48]", "D:192.0.2.0/24,198.51.100.2", "B:0.0.0.0/1,[::/0]",
         "E:198.51.100.200,[2001:db8:2::/48]", "P:1-20,25,30-"]
FILTERS = ["F:tcp", "F:!(ip6||arp)"]

PREP = [
    *([f"--auto={mode}", *more] for mode in AUTO for more in (
        [], ["--reverse"], ["--nonip"], ["--no-arg-comment"])),
    *([f"--auto={mode}", f"--ratio={r}"] for mode in ("bridge", "router", "client")
      for r in ("0", "0.5", "1", "3.25", "100")),
    *(["--auto=router", f"--minmask={a}", f"--maxmask={b}"] for a, b in ((24, 16), (31, 1))),
    *([f"--cidr={text}", *more] for text in (
        "10.0.0.0/8", "192.0.2.1,198.51.100.0/24", "[2001:db8::1/128],[2001:db8:1::/48]",
        "0.0.0.0/0", "192.0.2.2/32,[::/0]") for more in ([], ["--reverse"])),
    *([f"--regex={text}", *more] for text in ("^10[.]", "[13579]$", "db8::?1", ".", "^(192|fe80)")
      for more in ([], ["--reverse"])),
    *(["--port", *more] for more in (
        [], ["--services=services"], ["--nonip"], ["--reverse"], ["--services=services", "--nonip"])),
    *([f"--mac={text}", *more] for text in (
        "02:00:00:00:00:01", "02:00:00:00:00:02,02:00:00:00:00:09") for more in ([], ["--reverse"])),
    *([f"--{how}={rule}", mode] for how in ("include", "exclude") for rule in RULES
      for mode in ("--cidr=10.0.0.0/8,192.0.2.1", "--port", "--mac=02:00:00:00:00:01")),
    *([f"--{how}={rule}", "--auto=first"] for how in ("include", "exclude") for rule in RULES[:4]),
    *([f"--include={text}", mode] for text in FILTERS for mode in ("--port", "--auto=client")),
    ["--port", "--comment=a-weir"],
    ["--port", "--comment=a-weir", "--no-arg-comment"],
    *([f"--print-{what}=cache"] for what in ("info", "stats", "comment")),
]

PREP_PAIRS = [
    [*([f"--auto={mode}"] for mode in AUTO), ["--cidr=10.0.0.0/8,[2001:db8:1::/48]"],
     ["--regex=[12]$"], ["--port"], ["--port", "--services=services"],
     ["--mac=02:00:00:00:00:01"]],
    [[], ["--reverse"]],
    [[], ["--nonip"]],
    [[], *([f"--include={rule}"] for rule in (RULES[0], RULES[3], FILTERS[0])),
     *([f"--exclude={rule}"] for rule in (RULES[1], RULES[2]))],
    [[], ["--ratio=1.5"], ["--ratio=0"]],
    [[], ["--comment=words"], ["--no-arg-comment"]],
]


CONFLICTS = [("--seed", "--fuzz-seed"), ("--enet-mac-seed", "--enet-smac"),
             ("--enet-mac-seed", "--enet-subsmac")]
NEEDS = [("--ratio", "--auto"), ("--endpoints", "--cachefile")]


def names(line):
    return {option.split("=")[0] for option in line}


def agrees(line):
    return not any(a in names(line) and b in names(line) for a, b in CONFLICTS)


def is_complete(line):
    return all(a not in names(line) or b in names(line) for a, b in NEEDS)


def line_of(factors, choice):
    return [option for f, v in enumerate(choice) if v is not None for option in factors[f][v]]


def new_pairs(choice, missing):
    """How many pairs of values that have not met yet meet in it. None: not chosen yet."""
    chosen = [(f, v) for f, v in enumerate(choice) if v is not None]
    return sum(pair in missing for pair in itertools.combinations(chosen, 2))


def grow(factors, pair, missing, rng):
    """A combination that holds a pair and as many other missing ones as is easily done; its
    options may contradict each other."""
    choice = [None] * len(factors)
    for f, v in pair:
        choice[f] = v
    order = [f for f in range(len(factors)) if choice[f] is None]
    rng.shuffle(order)
    for f in order:
        tried = [[*choice[:f], v, *choice[f + 1:]] for v in range(len(factors[f]))]
        choice = max(tried, key=lambda t: (agrees(line_of(factors, t)), new_pairs(t, missing)))
    return choice


def pairwise(factors):
    """Combinations in which every two values of different factors meet, if they can."""
    rng = random.Random(455)
    values = [(f, v) for f, levels in enumerate(factors) for v in range(len(levels))]
    missing = {pair for pair in itertools.combinations(values, 2) if pair[0][0] != pair[1][0]}
    while missing:
        pair = min(missing)
        for _ in range(8):
            choice = grow(factors, pair, missing, rng)
            line = line_of(factors, choice)
            if agrees(line) and is_complete(line):
                missing -= set(itertools.combinations(enumerate(choice), 2))
                yield line
                break
        missing.discard(pair)  # those that cannot meet are left


# Traces that all cases run on; the others have a share of them.
MAIN = ("own", "mixed-ethernet", "shared-1")


def is_about_links(line):
    return any(option.startswith(("--dlt", "--enet-vlan", "--mac")) for option in line)


def chosen(nr, line, traces):
    """The traces to run a case on."""
    for name in traces:
        if name in MAIN or nr % 4 == 0 and name.startswith("mixed-") or nr % 16 == 0 or \
                is_about_links(line) and name.startswith("mixed-"):
            yield name


def make(program, traces):
    """[(options, [trace, ...])]: what to run."""
    singles, factors = (REWRITE, REWRITE_PAIRS) if program == "tcprewrite" else (PREP, PREP_PAIRS)
    lines = singles + [line for line in pairwise(factors) if line not in singles]
    return [(line, list(chosen(nr, line, traces))) for nr, line in enumerate(lines)]

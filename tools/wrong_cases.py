# SPDX-License-Identifier: BSD-2-Clause
"""Wrong calls of tcprewrite, tcpprep, tcpbridge and tcpreplay-edit, for tools/wrong_calls.py,
which says what the names of files and interfaces in them stand for."""

# Options about edits, for all but tcpprep. A line is a call, a word in quotes may be empty.
EDITS = """
-r 80
-r 80:
-r :80
-r abc:80
-r 80:70000
-r 80-70:90
-r 80-:90
-r 8000,8080:80
-r 80:81:82
-r 80:90,
-r 80:90,81
-r ''
-r 80:90 -r 81:xx
-s abc
-s -1
-s 99999999999
-s 4 -s 5
-s
-s 4 --fuzz-seed=3
-N 10.0.0.0/8
-N 10.0.0.0/8:
-N 10.0.0.0/33:1.2.3.4/8
-N 10.0.0.0/8:1.2.3.4/40
-N 10.0.0:1.2.3.4
-N 300.0.0.0/8:1.2.3.4/8
-N abc:def
-N 192.0.2.0/24:[2001:db8::]/32
-N '[2001:db8::/32]:[fd00::/200]'
-N '[2001:db8::/32]:[fdzz::/20]'
-N '[2001:db8::/32'
-N ''
-N 192.0.2.0/24:1.0.0.0/24,
-N 192.0.2.0/abc:1.0.0.0
-N 10.0.0.0/-1:1.0.0.0
-N 10.0.0.0/8:1.0.0.0/8 -S 1.0.0.0/8:2.0.0.0/8
-N 10.0.0.0/8:1.0.0.0/8 -N 10.0.0.0/8:1.0.0.0/8 -N 10.0.0.0/8:1.0.0.0/8
-N 10.0.0.0/8:1.0.0.0/8 -N 10.0.0.0/8
-N 10.0.0.0/8:1.0.0.0/8 -N bad
-S abc
-S 10.0.0.0/8
-S ''
-D abc
-D 10.0.0.0/8
--tcp-sequence=0
--tcp-sequence=-1
--tcp-sequence=5000000000
--skipbroadcast=yes
-C -C
-m 0
-m abc
-m 262145
--mtu-trunc=5
--ttl=abc
--ttl=300
--ttl=-300
--ttl=+
--ttl=
--ttl=5x
--ttl=0x10
--ttl=5 --ttl=6
--tos=256
--tos=-1
--tos=abc
--tos
--tclass=256
--flowlabel=1048576
-F abc
-F ''
-F PAD
--fuzz-seed=-1
--fuzz-factor=3
--fuzz-seed=1 --fuzz-factor=0
--dlt=abc
--dlt=
--dlt=user --user-dlink=
--dlt=user --user-dlink=zz
--dlt=user --user-dlink=00,01,zz
--dlt=user --user-dlink=0102
--dlt=user --user-dlink=00,01 --user-dlink=00
--dlt=user --user-dlink=00,01 --user-dlink=00,02 --user-dlink=00,03
--dlt=user --user-dlt=65536 --user-dlink=00
--user-dlink=zz
--dlt=hdlc --hdlc-control=256 --hdlc-address=0
--enet-dmac=zz
--enet-dmac=
--enet-dmac=00:11:22:33:44
--enet-dmac=00:11:22:33:44:55:66
--enet-dmac=00:11:22:33:44:5g
--enet-dmac=00:11:22:33:44:55,zz
--enet-dmac=,00:11:22:33:44:55
--enet-smac=zz
--enet-smac=00:11:22:33:44
--enet-subsmac=zz
--enet-subsmac=00:11:22:33:44:55
--enet-subsmac=00:11:22:33:44:55,zz
--enet-subsmac=0:1:2:3:4:5,00:11:22:33:44:56
--enet-subsmac=00:11:22:33:44:5g,00:11:22:33:44:56
--enet-mac-seed=abc
--enet-mac-seed=-1
--enet-mac-seed=1 --enet-smac=00:11:22:33:44:55
--enet-mac-seed-keep-bytes=3
--enet-mac-seed=1 --enet-mac-seed-keep-bytes=7
--enet-vlan=abc
--enet-vlan=add
--enet-vlan=add --enet-vlan-tag=4096
--enet-vlan=add --enet-vlan-tag=3 --enet-vlan-cfi=2
--enet-vlan=add --enet-vlan-tag=3 --enet-vlan-proto=abc
--enet-vlan=add --enet-vlan-tag=3 --enet-vlan-proto=802.1Q
--enet-vlan-tag=3
--enet-vlan-proto=802.1q
"""

# Options that all have, and some that none has.
COMMON = """
--nosuch
--nosuch=3
-Y
--ver
--s
--load-opts=nowhere
--load-opts=badopts
--save-opts=nowhere/x
-d 1
--netmap
--json
--help=3
"""

REWRITE = """

-i in
-o out
-i
-i in -o
-i nowhere -o out
-i '' -o out
-i dir -o out
-i empty -o out
-i half -o out
-i junk -o out
-i hdr -o out
-i cut -o out
-i odd -o out
-i zero -o out
-i snap -o out
-i badver -o out
-i badng -o out
-i noif -o out
-i in -o nowhere/out
-i in -o dir
-i in -o ''
-i in -o /dev/full
-i in -o in
-i nowhere -i in -o out
-i in -o out -o out2
-i in -o out extra
-i in extra -o out
-i in -o out -c nowhere
-i in -o out -c dir
-i in -o out -c empty
-i in -o out -c junk
-i in -o out -c shortc
-i in -o out -c cutc
-i in -o out -c oldc
-i in -o out -c bitsc
-i in -o out -c halfc
-i in -o out -c cutcommentc
-i in -o out -c hugec
-i in -o out -c cache -c cache
-i in -o out -c cache -e abc
-i in -o out -c cache -e 1.1.1.1
-i in -o out -c cache -e '[::1]:1.1.1.1'
-i in -o out -c cache -e 1.1.1.1:2.2.2.2:3.3.3.3
-i in -o out -e 1.1.1.1:2.2.2.2
-i in -o out -A -x
-i in -o out -v=3
-i in -o out --verbose=3
-i nowhere -o out --ttl=300
-i in -o nowhere/out --ttl=300
-i nowhere -o out -c nowhere
-i junk -o nowhere/out
-i in -o in --ttl=300
-i odd -o out -N bad
-i snap -o out -N bad
-i in -o out --ttl=300 -N bad
-i in -o out --dlt=user
"""

PREP = """

-i in
-o out
-i in -o out
-a bridge
-a bridge -i in
-p -o out
-a abc -i in -o out
-a BRIDGE -i in -o out
-a bridge -a bridge -i in -o out
-i in -o out -a
-a bridge -p -i in -o out
-c 10.0.0.0/8 -p -i in -o out
-e 00:11:22:33:44:55 -a bridge -i in -o out
-c abc -i in -o out
-c '' -i in -o out
-c 10.0.0.0/33 -i in -o out
-c 192.0.2.1/ -i in -o out
-c 192.0.2.1/-1 -i in -o out
-c 192.0.2.1/abc -i in -o out
-c 10.0.0 -i in -o out
-c 192.0.2.1, -i in -o out
-c 10.0.0.0/8,abc -i in -o out
-c '[2001::/129]' -i in -o out
-c '[2001::/12' -i in -o out
-c 2001::/12 -i in -o out
-c '[zz::/12]' -i in -o out
-r '(' -i in -o out
-r '*' -i in -o out
-e zz -i in -o out
-e '' -i in -o out
-e 00:11:22:33:44 -i in -o out
-e 00:11:22:33:44:55, -i in -o out
-p -i nowhere -o out
-p -i dir -o out
-p -i empty -o out
-p -i half -o out
-p -i junk -o out
-p -i hdr -o out
-p -i cut -o out
-p -i odd -o out
-p -i zero -o out
-p -i snap -o out
-p -i badver -o out
-p -i noif -o out
-e 00:11:22:33:44:55 -i raw -o out
-p -i in -o nowhere/out
-p -i in -o dir
-p -i in -o ''
-p -i in -o /dev/full
-p -i in -o in
-p -i in -o out extra
-p extra -i in -o out
-p -i in -i in -o out
-p=3 -i in -o out
--port=3 -i in -o out
-p -i in -o out -s nowhere
-p -i in -o out -s empty
-a client -i in -o out -s services
-a bridge -i in -o out -R abc
-a bridge -i in -o out -R -1
-a bridge -i in -o out -R 2x
-p -i in -o out -R 2
-a router -i in -o out -m 33
-a router -i in -o out -m abc
-a router -i in -o out -m 8 -M 30
-a router -i in -o out -m 5
-p -i in -o out -m 8
-p -i in -o out -x abc
-p -i in -o out -x Q
-p -i in -o out -x S:
-p -i in -o out -x S:abc
-p -i in -o out -x S:10.0.0.0/33
-p -i in -o out -x s:10.0.0.0/8
-p -i in -o out -x SX192.0.2.1
-p -i in -o out -x P:
-p -i in -o out -x P:abc
-p -i in -o out -x P:5-3
-p -i in -o out -x P:1,,2
-p -i in -o out -x P:-3
-p -i in -o out -x P:0
-p -i in -o out -x P:1-x
-p -i in -o out -x F:
-p -i in -o out -x 'F:tcp and'
-p -i in -o out -x 'F:udp port 9'
-p -i in -o out -X F:tcp
-p -i in -o out -X abc
-p -i in -o out -X P:abc
-p -i in -o out -x P:1 -X P:2
-p -i in -o out -C
-p -i in -o out -C LONG
-p -i in -o out -A x
-P nowhere
-P empty
-P junk
-P dir
-P oldc
-P cutc
-P bitsc
-P cutcommentc
-P
-I nowhere
-I hugec
-I cache extra
-S nowhere
-S halfc
-a router -i allclient -o out
-p -i nowhere -o nowhere/out
-c abc -i nowhere -o out
-a bridge -R abc -i nowhere -o out
"""

BRIDGE = """

-i v0
-I v1
-i v0 -I
-i v0 -I v0
-i nowhere0 -I v1
-i v0 -I nowhere0
-i v0 -I nowhere0 -u
-i '' -I v1
-i down0 -I v1
-i v0 -I down0
-i %x -I v1
-i waytoolonginterfacename0 -I v1
-i v0 -i v0 -I v1
-i v0 -I v1 extra
-i v0 -I v1 -L 0
-i v0 -I v1 -L abc
-i v0 -I v1 -L 1 -L 2
-i v0 -I v1 -M 00:11:22:33:44:55 -M 00:11:22:33:44:56 -M 00:11:22:33:44:57
-i v0 -I v1 -x abc
-i v0 -I v1 -x Z:1
-i v0 -I v1 -x S:abc
-i v0 -I v1 -x P:abc
-i v0 -I v1 -x 'F:nonsense here'
-i v0 -I v1 -X abc
-i v0 -I v1 -X F:tcp
-i v0 -I v1 -x P:1 -X P:2
-i v0 -I v1 -A x
-i v0 -I v1 -e 1.1.1.1:2.2.2.2
-i v0 -I v1 -c cache
-i v0 -I v1 -u=3
-i v0 -I v1 --unidir=1
--listnics=1
-i nowhere0 -I v1 --ttl=300
-i nowhere0 -I v1 -x abc
-i nowhere0 -I nowhere0
-i v0 -I v0 --ttl=300
-P -i nowhere0 -I v1
NOCAPS -i v0 -I v1
"""

REPLAY = """

-i v0
in
-i
-i v0 nowhere
-i v0 ''
-i v0 in nowhere
-i v0 emptydir
-i v0 empty
-i v0 half
-i v0 junk
-i v0 hdr
-i nowhere0 in
-i '' in
-i down0 in
-i %x in
-i waytoolonginterfacename0 in
-i v0 -i v0 in
-i v0 -I v1 in
-i v0 -I nowhere0 -c cache in
-i v0 -I v1 -c nowhere in
-i v0 -I v1 -c empty in
-i v0 -I v1 -c junk in
-i v0 -I v1 -c cutc in
-i v0 -c cache in
-i v0 -2 in in
-i v0 -I v1 -2 in
-i v0 -I v1 -2 in in in
-i v0 -I v1 -2 -c cache in in
-i v0 -w x in
-w out -I v1 in
-t -w nowhere/out in
-t -w dir in
-t -w in in
-i v0 -p 0 in
-i v0 -p abc in
-i v0 -p 3 -M 4 in
-i v0 -x 3 -t in
-i v0 --pps-multi=3 in
-i v0 -p 3 --pps-multi=0 in
-i v0 -t --maxsleep=abc in
-i v0 -t -T abc in
-i v0 -t -T abstime in
-i v0 -t -T ioport in
-i v0 -t -l abc in
-i v0 -t -l -1 in
-i v0 -t --loopdelay-ms=3 in
-i v0 -t -l 2 --loopdelay-ms=3 --loopdelay-ns=3 in
-i v0 -t -L 0 in
-i v0 -t -L abc in
-i v0 -t --duration=0 in
-i v0 -t --include=abc in
-i v0 -t --include= in
-i v0 -t --include=5-3 in
-i v0 -t --include=1,,2 in
-i v0 -t --exclude=abc in
-i v0 -t --include=1 --exclude=2 in
-i v0 -t --unique-ip in
-i v0 -t --unique-ip-loops=2 in
-i v0 -t -l 2 --unique-ip --unique-ip-loops=0.5 in
-i v0 -t -l 2 --unique-ip -s 3 in
-i v0 -t -l 2 --unique-ip --fuzz-seed=3 in
-i v0 -t --no-flow-stats --flow-expiry=3 in
-i v0 -t --stats=-1 in
-i v0 -t -A x in
-i v0 -t -K -l 2 in
-i v0 -t -K=3 in
-i v0 -t --xdp-batch-size=3 in
-i v0 --xdp -t --xdp-batch-size=0 in
-i v0 -t -e 1.1.1.1:2.2.2.2 in
-i v0 -I v1 -c cache -t -e abc in
--listnics=1
-i v0 -t -K nowhere
-i v0 -t -K junk
-i nowhere0 -t nowhere
-i nowhere0 -t --ttl=300 in
-i nowhere0 -p 0 in
-i v0 -p 0 nowhere
-i v0 -t -N bad nowhere
-i nowhere0 -T abc in
-i v0 -t in -L 3
NOCAPS -i v0 -t in
"""


def calls(text, before="", after=""):
    return [f"{before} {line} {after}".strip() for line in text.strip("\n").split("\n")]


CASES = {
    "tcprewrite": calls(REWRITE) + calls(EDITS, "-i in -o out") + calls(COMMON, "-i in -o out"),
    "tcpprep": calls(PREP) + calls(COMMON, "-p -i in -o out"),
    "tcpbridge": calls(BRIDGE) + calls(EDITS, "-i v0 -I v1") + calls(COMMON, "-i v0 -I v1"),
    # 4.5.5 was built without netmap; weir has --netmap.
    "tcpreplay-edit": calls(REPLAY) + calls(EDITS, "-i v0 -t", "in") +
                      calls(COMMON.replace("--netmap\n", ""), "-i v0 -t", "in"),
}

# What weir says or does otherwise, and a word for why; docs/tcpreplay.md explains them. The first
# row that fits program and call counts. The word is "crash" where the old program dies of a signal.
DIFFERENT = (
    ("loses", "tcprewrite", r"/dev/full"),
    ("loses", "tcpprep", r"-o in$|F:tcp and"),
    ("loses", "tcpreplay-edit", r"-w in in|-w out -I"),
    ("disk", "tcpprep", r"/dev/full"),
    ("loses", "tcprewrite", r"--dlt=user$"),
    ("bits", ".*", r"/-1"),
    ("cache", ".*", r"bitsc|hugec"),
    ("pcapng", "tcprewrite", r"badng"),
    ("after", ".*", r"in extra -o|-t in -L"),
    ("after", "tcpbridge", r"extra"),
)

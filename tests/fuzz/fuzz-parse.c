/* SPDX-License-Identifier: BSD-2-Clause */
/* The walk over headers, and the flow table on top of it. The first byte of the input
 * chooses the link type, the rest is the frame. */
#include <stdlib.h>
#include <string.h>

#include <weir/text.h>

#include "base/macros.h"
#include "fuzz.h"
#include "pkt/flow.h"
#include "pkt/parse.h"

static const uint16_t linktypes[] = {
	PKT_LINKTYPE_ETHERNET, PKT_LINKTYPE_NULL,	   PKT_LINKTYPE_PPP,
	PKT_LINKTYPE_PPP_HDLC, PKT_LINKTYPE_RAW,	   PKT_LINKTYPE_C_HDLC,
	PKT_LINKTYPE_80211,    PKT_LINKTYPE_LOOP,	   PKT_LINKTYPE_SLL,
	PKT_LINKTYPE_IPV4,     PKT_LINKTYPE_IPV6,	   PKT_LINKTYPE_80211_RADIOTAP,
	PKT_LINKTYPE_SLL2,     PKT_LINKTYPE_JUNIPER_ETHER, 147, /* not known */
};

/* n bytes at off lie before end, or nothing is there. */
static void check_range(uint32_t off, uint32_t n, uint32_t end)
{
	FUZZ_CHECK(off == PKT_ABSENT || (off <= end && n <= end - off));
}

static void check_layers(const struct pkt_layers *l, uint32_t len)
{
	FUZZ_CHECK(l->end <= len);
	check_range(l->mac_off, 12, len);
	check_range(l->type_off, 2, len);
	check_range(l->vlan_off, 4, len);
	check_range(l->l3_off, l->l3_len, l->end);
	check_range(l->ip6frag_off, 8, l->end);
	check_range(l->l4_off, l->l4_len, l->end);
	FUZZ_CHECK(!(l->flags & PKT_PORTS) || l->l4_off + 4 <= l->end);
	FUZZ_CHECK(!l->ip_version == (l->l3_off == PKT_ABSENT));
	FUZZ_CHECK(!l->n_vlans == (l->vlan_off == PKT_ABSENT));
	FUZZ_CHECK(!(l->flags & PKT_LATER_FRAGMENT) || l->l4_off == PKT_ABSENT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct flow_table *t;
	char text[WEIR_TEXT_LEN];
	struct pkt_layers l;
	uint32_t linktype;
	uint8_t lane;
	int first, second;

	if (size < 1 || size > 4096)
		return 0;

	linktype = linktypes[data[0] % ARRAY_SIZE(linktypes)];
	data++;
	size--;
	(void)pkt_parse(linktype, data, (uint32_t)size, &l);
	check_layers(&l, (uint32_t)size);
	(void)weir_frame_text(linktype, data, (uint32_t)size, text, sizeof(text));
	FUZZ_CHECK(strlen(text) > 0 && strlen(text) + 1 < sizeof(text));

	t = flow_table_new();
	if (!t)
		return 0;
	first = flow_see(t, linktype, data, (uint32_t)size, 0, 0, &lane);
	second = flow_see(t, linktype, data, (uint32_t)size, 0, 0, NULL);
	FUZZ_CHECK(second == (first == FLOW_NEW ? FLOW_KNOWN : first));
	FUZZ_CHECK(lane == flow_lane(t, linktype, data, (uint32_t)size));
	flow_table_free(t);
	return 0;
}

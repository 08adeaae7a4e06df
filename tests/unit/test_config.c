/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon_config: what a file says and what it may not say. Every bad file must be refused with its line, what
 * was found and what was expected; no message may hold a secret.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "crypto_keys.h"
#include "daemon_config.h"

#define PRIVATE "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
#define PUBLIC	"HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw="
#define PEER1	"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define PEER2	"TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
#define PSK	"FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE="
#define IFACE	"[Interface]\nPrivateKey = " PRIVATE "\n" /* two lines */
#define PEER	"[Peer]\nPublicKey = " PEER1 "\n"

static char error[CONFIG_ERROR_MAX];

static struct config *parse(const char *text)
{
	struct config *config = NULL;

	ck_assert_msg(config_parse(&config, "wg0.conf", text, strlen(text), error) == 0, "refused: %s",
		      error);
	ck_assert_ptr_nonnull(config);
	return config;
}

static void assert_key(const uint8_t key[32], const char *expected)
{
	char text[CRYPTO_KEY_TEXT + 1];

	crypto_key_to_base64(text, key);
	ck_assert_str_eq(text, expected);
}

static void assert_prefix(const struct daemon_prefix *prefix, const char *expected)
{
	char text[PREFIX_TEXT_MAX];

	prefix_to_text(text, prefix);
	ck_assert_str_eq(text, expected);
}

START_TEST(reads_a_whole_file)
{
	struct config *c = parse("# a comment\n"
				 "\n"
				 "[Interface] # the near end\n"
				 "PrivateKey = " PRIVATE "\n"
				 "Address = 10.1.0.2/24, fd00:1::2/64\n"
				 "ListenPort = 1935\n"
				 "MTU = 1400\n"
				 "FwMark = 0xca6c\n"
				 "Table = 1234\n"
				 "Suite = chacha\n"
				 "StatelessReset = on\n"
				 "\n"
				 "[Peer]\n"
				 "PublicKey = " PEER1 "\n"
				 "PresharedKey = " PSK "\n"
				 "AllowedIPs = 10.1.0.1/32, 10.2.3.4/16\n"
				 "AllowedIPs = fd00:2::ffff/32\n"
				 "Endpoint = 192.0.2.1:1935\n"
				 "PersistentKeepalive = 25\n"
				 "[Peer]\n"
				 "PublicKey = " PEER2 "\n"
				 "Endpoint = gateway.example.org:51820\n"
				 "Endpoint = [2001:db8::1]:1936\n"
				 "AllowedIPs =\n");

	assert_key(c->private_key, PRIVATE);
	assert_key(c->public_key, PUBLIC);
	ck_assert_uint_eq(c->address_count, 2);
	assert_prefix(&c->addresses[0], "10.1.0.2/24");
	assert_prefix(&c->addresses[1], "fd00:1::2/64");
	ck_assert_uint_eq(c->listen_port, 1935);
	ck_assert_uint_eq(c->mtu, 1400);
	ck_assert_uint_eq(c->fwmark, 0xca6c);
	ck_assert_int_eq(c->table_mode, CONFIG_TABLE_NUMBER);
	ck_assert_uint_eq(c->table, 1234);
	ck_assert_int_eq(c->suite, CONFIG_SUITE_CHACHA);
	ck_assert(c->stateless_reset);
	ck_assert_uint_eq(c->warning_count, 0);
	ck_assert_uint_eq(c->peer_count, 2);

	assert_key(c->peers[0].public_key, PEER1);
	ck_assert(c->peers[0].has_preshared_key);
	assert_key(c->peers[0].preshared_key, PSK);
	ck_assert_uint_eq(c->peers[0].allowed_ip_count, 3);
	assert_prefix(&c->peers[0].allowed_ips[0], "10.1.0.1/32");
	assert_prefix(&c->peers[0].allowed_ips[1], "10.2.0.0/16");
	assert_prefix(&c->peers[0].allowed_ips[2], "fd00:2::/32");
	ck_assert_uint_eq(c->peers[0].persistent_keepalive, 25);
	ck_assert_uint_eq(c->peers[0].line, 13);

	assert_key(c->peers[1].public_key, PEER2);
	ck_assert(!c->peers[1].has_preshared_key);
	ck_assert_uint_eq(c->peers[1].allowed_ip_count, 0);
	ck_assert_uint_eq(c->peers[1].endpoint_count, 2);
	ck_assert_str_eq(c->peers[1].endpoints[0].host, "gateway.example.org");
	ck_assert_uint_eq(c->peers[1].endpoints[0].port, 51820);
	ck_assert_uint_eq(c->peers[1].endpoints[0].addr.family, 0);
	ck_assert_uint_eq(c->peers[1].endpoints[1].addr.family, 6);
	ck_assert_uint_eq(c->peers[1].endpoints[1].addr.port, 1936);
	config_free(c);
}
END_TEST

START_TEST(has_defaults)
{
	struct config *c = parse(IFACE);

	ck_assert_uint_eq(c->address_count, 0);
	ck_assert_uint_eq(c->listen_port, 0);
	ck_assert_uint_eq(c->mtu, 0);
	ck_assert_uint_eq(c->fwmark, 0);
	ck_assert_int_eq(c->table_mode, CONFIG_TABLE_AUTO);
	ck_assert_int_eq(c->suite, CONFIG_SUITE_AUTO);
	ck_assert(!c->stateless_reset);
	ck_assert_uint_eq(c->peer_count, 0);
	ck_assert_uint_eq(c->warning_count, 0);
	config_free(c);
}
END_TEST

/* Spellings that wg and wg-quick take: each must give the same configuration. */
static const char *const spellings[] = {
	"[Interface]\nPrivateKey=" PRIVATE "\nListenPort=7\nAddress=10.0.0.1/32,fd00::1/128\n" PEER
	"AllowedIPs=10.9.0.0/16\n",
	"[interface]\nprivatekey = " PRIVATE
	"\nLISTENPORT = 7\naddress = 10.0.0.1 fd00::1\n[PEER]\npublickey = " PEER1
	"\nallowedips=10.9.1.2/16\n",
	"[Interface]\r\nPrivateKey = " PRIVATE
	"\r\nListenPort = 7\r\nAddress = 10.0.0.1, fd00::1\r\n[Peer]\r\nPublicKey = " PEER1
	"\r\nAllowedIPs = 10.9.0.0/16\r\n",
	"  [Interface]  # c\n\tPrivateKey\t=\t" PRIVATE
	"#c\n ListenPort = 7 # = 8\n Address = 10.0.0.1\n Address = fd00::1\n"
	" [ Peer ]\n Public Key = " PEER1 "\n Allowed IPs = 10.9.0.0 / 16",
	"[Peer]\nPublicKey = " PEER1
	"\nAllowedIPs = 10.9.0.0/16\n[Interface]\nListenPort = 7\n[Interface]\nAddress = "
	"10.0.0.1\nAddress = fd00::1\nPrivateKey = " PRIVATE "\n",
};

START_TEST(spellings_are_equal)
{
	struct config *c = parse(spellings[_i]);

	assert_key(c->private_key, PRIVATE);
	ck_assert_uint_eq(c->listen_port, 7);
	ck_assert_uint_eq(c->address_count, 2);
	assert_prefix(&c->addresses[0], "10.0.0.1/32");
	assert_prefix(&c->addresses[1], "fd00::1/128");
	ck_assert_uint_eq(c->peer_count, 1);
	assert_key(c->peers[0].public_key, PEER1);
	ck_assert_uint_eq(c->peers[0].allowed_ip_count, 1);
	assert_prefix(&c->peers[0].allowed_ips[0], "10.9.0.0/16");
	ck_assert_uint_eq(c->warning_count, 0);
	config_free(c);
}
END_TEST

static const struct {
	const char *value;
	const char *host;
	unsigned port, family, scope;
} endpoints[] = {
	{ "192.0.2.1:1", "192.0.2.1", 1, 4, 0 },
	{ "[2001:db8::1]:65535", "2001:db8::1", 65535, 6, 0 },
	{ "2001:db8::1:51820", "2001:db8::1", 51820, 6, 0 }, /* wg splits at the last colon */
	{ "[fe80::1%3]:1935", "fe80::1%3", 1935, 6, 3 },
	{ "[fe80::1%eth0]:1935", "fe80::1%eth0", 1935, 0, 0 },
	{ "a:1", "a", 1, 0, 0 },
	{ "vpn_1.example.org:443", "vpn_1.example.org", 443, 0, 0 },
	{ "example.org.:443", "example.org.", 443, 0, 0 },
};

START_TEST(reads_endpoints)
{
	char text[400];
	struct config *c;
	const struct config_endpoint *e;

	snprintf(text, sizeof(text), IFACE PEER "Endpoint = %s\n", endpoints[_i].value);
	c = parse(text);
	ck_assert_uint_eq(c->peers[0].endpoint_count, 1);
	e = &c->peers[0].endpoints[0];
	ck_assert_str_eq(e->host, endpoints[_i].host);
	ck_assert_uint_eq(e->port, endpoints[_i].port);
	ck_assert_uint_eq(e->addr.family, endpoints[_i].family);
	ck_assert_uint_eq(e->addr.scope, endpoints[_i].scope);
	if (e->addr.family)
		ck_assert_uint_eq(e->addr.port, endpoints[_i].port);
	config_free(c);
}
END_TEST

/* Edges that are still good. */
static const char *const good[] = {
	IFACE "ListenPort = 0\nMTU = 576\nAddress = 10.0.0.1\n",
	IFACE "MTU = 1280\nAddress = fd00::1\n",
	IFACE "ListenPort = 65535\nMTU = 65535\n",
	IFACE "FwMark = off\nTable = off\n",
	IFACE "FwMark = 0xffffffff\nTable = auto\nSuite = AES\nStatelessReset = OFF\n",
	IFACE "FwMark = 4294967295\nTable = 4294967295\nSuite = Auto\n",
	IFACE "Table = main\nSaveConfig = false\n",
	IFACE "Address =\n",
	IFACE PEER "PersistentKeepalive = off\nAllowedIPs = 0.0.0.0/0, ::/0\n",
	IFACE PEER "PersistentKeepalive = 0\n",
	IFACE PEER "PersistentKeepalive = 65535\n",
	IFACE PEER "AllowedIPs = \nAllowedIPs = 10.0.0.1\n",
	"[Interface]\n[Peer]\nPublicKey = " PEER1 "\n[Interface]\nPrivateKey = " PRIVATE "\n",
};

START_TEST(accepts)
{
	struct config *c = parse(good[_i]);

	ck_assert_uint_eq(c->warning_count, 0);
	config_free(c);
}
END_TEST

/* |line| 0: the message names no line. Both texts must be in the message. */
static const struct {
	const char *text;
	unsigned line;
	const char *found, *expected;
} bad[] = {
	/* sections and lines */
	{ "", 1, "found the end of the file", "expected PrivateKey = <44" },
	{ "# nothing\n\n", 2, "found the end of the file", "PrivateKey" },
	{ "[Interface]\nListenPort = 1\n", 2, "found the end of the file", "PrivateKey" },
	{ "[Interfaces]\n", 1, "found section \"[Interfaces]\"", "expected [Interface] or [Peer]" },
	{ IFACE "[Peers]\n", 3, "found section \"[Peers]\"", "expected [Interface] or [Peer]" },
	{ IFACE "[Peer\n", 3, "found section \"[Peer\"", "expected" },
	{ "ListenPort = 1\n" IFACE, 1, "found \"ListenPort\" before any section", "expected [Interface]" },
	{ IFACE "ListenPort\n", 3, "found \"ListenPort\" without \"=\"", "expected Key = value" },
	{ IFACE "= 5\n", 3, "not understood", "expected Key = value" },
	{ IFACE "Listen\x01Port = 5\n", 3, "not understood (not shown)", "expected Key = value" },
	{ IFACE "ListenPorts = 5\n", 3, "found \"ListenPorts\"",
	  "expected a key of [Interface]: PrivateKey, ListenPort" },
	{ IFACE PEER "Keepalive = 5\n", 5, "found \"Keepalive\"",
	  "expected a key of [Peer]: PublicKey, PresharedKey" },
	{ IFACE "AllowedIPs = 10.0.0.0/8\n", 3, "found \"AllowedIPs\" in [Interface]",
	  "expected it in [Peer]" },
	{ IFACE PEER "ListenPort = 5\n", 5, "found \"ListenPort\" in [Peer]", "expected it in [Interface]" },
	/* keys */
	{ "[Interface]\nPrivateKey = abc\n", 2, "found 3 characters (not shown)",
	  "expected a PrivateKey: 44" },
	{ "[Interface]\nPrivateKey =\n", 2, "found 0 characters",
	  "expected a PrivateKey: 44 characters of Base64" },
	{ "[Interface]\nPrivateKey = " PRIVATE "A\n", 2, "found 45 characters", "PrivateKey" },
	{ "[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk\n", 2, "found 43 characters",
	  "PrivateKey" },
	/* the same 32 bytes, but not canonical: the last digit has an unused bit set */
	{ "[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBml=\n", 2,
	  "found 44 characters (not shown)", "expected a PrivateKey" },
	{ "[Interface]\nPrivateKey = yAnz5TF-lXXJte14tji3zlMNq_hd2rYUIgJBgB3fBmk=\n", 2, "encode no 32 bytes",
	  "Base64" },
	{ "[Interface]\nPrivateKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 2, "all zero",
	  "flowtun genkey" },
	{ IFACE "[Peer]\nPublicKey = abc\n", 4, "found \"abc\"",
	  "expected a PublicKey: 44 characters of Base64" },
	{ IFACE "[Peer]\nPublicKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 4,
	  "PublicKey that is all zero", "flowtun genkey" },
	{ IFACE PEER "PresharedKey = abc\n", 5, "found 3 characters (not shown)",
	  "expected a PresharedKey: 44" },
	{ IFACE PEER "PresharedKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 5, "all zero",
	  "flowtun genpsk" },
	{ IFACE "[Peer]\nAllowedIPs = 10.0.0.0/8\n", 3, "found a [Peer] without PublicKey",
	  "expected PublicKey = <44" },
	{ IFACE "[Peer]\n[Peer]\nPublicKey = " PEER1 "\n", 3, "found a [Peer] without PublicKey",
	  "PublicKey" },
	{ IFACE PEER "[Peer]\nPublicKey = " PEER2 "\n" PEER, 7,
	  "found the PublicKey of the [Peer] on line 3 again", "expected each peer once" },
	/* numbers */
	{ IFACE "ListenPort = 65536\n", 3, "found \"65536\"", "expected a ListenPort from 0" },
	{ IFACE "ListenPort = -1\n", 3, "found \"-1\"", "ListenPort" },
	{ IFACE "ListenPort = +1\n", 3, "found \"+1\"", "ListenPort" },
	{ IFACE "ListenPort = 0x10\n", 3, "found \"0x10\"", "ListenPort" },
	{ IFACE "ListenPort =\n", 3, "found \"\"", "ListenPort" },
	{ IFACE "ListenPort = 18446744073709551617\n", 3, "found \"18446744073709551617\"", "ListenPort" },
	{ IFACE "MTU = 575\n", 3, "found \"575\"", "expected an MTU from 576 to 65535" },
	{ IFACE "MTU = 1279\nAddress = 10.0.0.1, fd00::1/64\n", 3, "found \"1279\"",
	  "expected an MTU from 1280" },
	{ IFACE "MTU = 65536\n", 3, "found \"65536\"", "expected an MTU from 576 to 65535" },
	{ IFACE "FwMark = 0x100000000\n", 3, "found \"0x100000000\"", "expected a FwMark: off, or a number" },
	{ IFACE "FwMark = 4294967296\n", 3, "found \"4294967296\"", "FwMark" },
	{ IFACE "FwMark = 0x\n", 3, "found \"0x\"", "FwMark" },
	{ IFACE "FwMark = on\n", 3, "found \"on\"", "FwMark" },
	{ IFACE "Table = 0\n", 3, "found \"0\"", "expected a Table: auto, off" },
	{ IFACE "Table = mine\n", 3, "found \"mine\"", "Table" },
	{ IFACE "Suite = rot13\n", 3, "found \"rot13\"", "expected a Suite: auto, aes or chacha" },
	{ IFACE "StatelessReset = yes\n", 3, "found \"yes\"", "expected StatelessReset = on or off" },
	{ IFACE "SaveConfig = maybe\n", 3, "found \"maybe\"", "expected SaveConfig = true or false" },
	{ IFACE PEER "PersistentKeepalive = 65536\n", 5, "found \"65536\"",
	  "expected a PersistentKeepalive: off, or 0 to" },
	{ IFACE PEER "PersistentKeepalive = on\n", 5, "found \"on\"", "PersistentKeepalive" },
	/* addresses */
	{ IFACE "Address = 10.0.0.1/33\n", 3, "found \"10.0.0.1/33\"",
	  "expected an Address: IPv4 with /0 to /32" },
	{ IFACE "Address = 10.0.0.0.1/8\n", 3, "found \"10.0.0.0.1/8\"", "Address" },
	{ IFACE "Address = fd00::1/129\n", 3, "found \"fd00::1/129\"", "Address" },
	{ IFACE "Address = 10.0.0.1/\n", 3, "found \"10.0.0.1/\"", "Address" },
	{ IFACE "Address = 10.0.0.1/24, host\n", 3, "found \"host\"", "Address" },
	{ IFACE PEER "AllowedIPs = 10.0.0.0/8,\n", 5, "found \"\"", "expected AllowedIPs: IPv4 with" },
	{ IFACE PEER "AllowedIPs = 10.0.0.0/8 10.1.0.0/16\n", 5, "found \"10.0.0.0/810.1.0.0/16\"",
	  "AllowedIPs" },
	{ IFACE PEER "AllowedIPs = 10.0.0/8\n", 5, "found \"10.0.0/8\"", "AllowedIPs" },
	{ IFACE PEER "AllowedIPs = 10.0.0.0/-1\n", 5, "found \"10.0.0.0/-1\"", "AllowedIPs" },
	{ IFACE PEER "AllowedIPs = ::/0x0\n", 5, "found \"::/0x0\"", "AllowedIPs" },
	/* endpoints */
	{ IFACE PEER "Endpoint = 192.0.2.1\n", 5, "found \"192.0.2.1\"",
	  "expected an Endpoint: address:port" },
	{ IFACE PEER "Endpoint = 192.0.2.1:0\n", 5, "found \"192.0.2.1:0\"", "Endpoint" },
	{ IFACE PEER "Endpoint = 192.0.2.1:65536\n", 5, "found \"192.0.2.1:65536\"", "Endpoint" },
	{ IFACE PEER "Endpoint = 192.0.2.256:1935\n", 5, "found \"192.0.2.256:1935\"", "Endpoint" },
	{ IFACE PEER "Endpoint = 192.0.2:1935\n", 5, "found \"192.0.2:1935\"", "Endpoint" },
	{ IFACE PEER "Endpoint = [2001:db8::1]\n", 5, "found \"[2001:db8::1]\"", "Endpoint" },
	{ IFACE PEER "Endpoint = [2001:db8::1]1935\n", 5, "found \"[2001:db8::1]1935\"", "Endpoint" },
	{ IFACE PEER "Endpoint = [192.0.2.1]:1935\n", 5, "found \"[192.0.2.1]:1935\"", "Endpoint" },
	{ IFACE PEER "Endpoint = [fe80::1%]:1935\n", 5, "found \"[fe80::1%]:1935\"", "Endpoint" },
	{ IFACE PEER "Endpoint = :1935\n", 5, "found \":1935\"", "Endpoint" },
	{ IFACE PEER "Endpoint = -a:1935\n", 5, "found \"-a:1935\"", "Endpoint" },
	{ IFACE PEER "Endpoint = a$b:1935\n", 5, "found \"a$b:1935\"", "Endpoint" },
	{ IFACE PEER "Endpoint = \xc3\xa9.fr:1935\n", 5, "found \"\\xc3\\xa9.fr:1935\"", "Endpoint" },
	{ IFACE PEER "Endpoint =\n", 5, "found \"\"", "Endpoint" },
};

START_TEST(refuses)
{
	struct config *config = (void *)1;
	char where[32];

	ck_assert_int_eq(config_parse(&config, "wg0.conf", bad[_i].text, strlen(bad[_i].text), error), -1);
	ck_assert_ptr_eq(config, (void *)1);
	snprintf(where, sizeof(where), "wg0.conf:%u: ", bad[_i].line);
	ck_assert_msg(strncmp(error, where, strlen(where)) == 0, "expected \"%s...\", found \"%s\"", where,
		      error);
	ck_assert_msg(strstr(error, bad[_i].found) != NULL, "expected \"%s\" in \"%s\"", bad[_i].found,
		      error);
	ck_assert_msg(strstr(error, bad[_i].expected) != NULL, "expected \"%s\" in \"%s\"", bad[_i].expected,
		      error);
	ck_assert_ptr_null(strstr(error, "yAnz5TF"));
	ck_assert_ptr_null(strchr(error, '\n'));
}
END_TEST

/* Wherever a key is pasted by mistake, no message repeats it. */
static const char *const leaks[] = {
	PRIVATE "\n",
	"[Interface]\n" PRIVATE "\n",
	"[Interface]\nyAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk\n",
	"[Interface]\nPrivateKey " PRIVATE "\n",
	"[Interface]\nPrivateKey: " PRIVATE "\n",
	"[Interface]\nPrivatKey = " PRIVATE "\n",
	"[Interface]\nPrivateKey = \"" PRIVATE "\"\n",
	"[Interface]\nPrivateKey = " PRIVATE PRIVATE "\n",
	"[Interface]\nPublicKey = " PRIVATE "\n",
	IFACE PEER "PresharedKey = " PRIVATE ";\n",
	IFACE PEER "PreshardKey = " PRIVATE "\n",
};

START_TEST(never_quotes_a_secret)
{
	struct config *config;

	ck_assert_int_eq(config_parse(&config, "wg0.conf", leaks[_i], strlen(leaks[_i]), error), -1);
	ck_assert_str_ne(error, "");
	ck_assert_msg(strstr(error, "yAnz5") == NULL, "%s", error);
	ck_assert_msg(strstr(error, "fBmk") == NULL, "%s", error);
}
END_TEST

START_TEST(refuses_zero_bytes)
{
	static const char text[] = IFACE "ListenPort = 1\0 2\n";
	struct config *config;

	ck_assert_int_eq(config_parse(&config, "x", text, sizeof(text) - 1, error), -1);
	ck_assert_str_eq(error, "x:3: found a zero byte, expected a text file");
}
END_TEST

START_TEST(quotes_long_values_in_part)
{
	char text[4096] = IFACE "MTU = ";
	struct config *config;

	memset(text + strlen(text), '7', 2000);
	ck_assert_int_eq(config_parse(&config, "x", text, strlen(text), error), -1);
	ck_assert_ptr_nonnull(strstr(error, "777...\", expected an MTU"));
	ck_assert_uint_lt(strlen(error), 200);
}
END_TEST

START_TEST(cuts_long_names_of_files_not_the_reason)
{
	char name[2000];
	struct config *config;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(config_parse(&config, name, "[Interface]\nMTU = 1\n", 20, error), -1);
	ck_assert_ptr_nonnull(strstr(error, "expected an MTU from 576 to 65535"));
}
END_TEST

START_TEST(warns_once_of_what_does_nothing)
{
	struct config *c =
		parse(IFACE "DNS = 10.0.0.1, example.org\nPostUp = iptables -A %i # x\nDNS = 1.1.1.1\n"
			    "PreUp = true\nPreDown = a = b\nPostDown = x\nSaveConfig = true\n");

	ck_assert_uint_eq(c->warning_count, 1);
	ck_assert_str_eq(
		c->warnings[0],
		"wg0.conf: without effect so far: DNS, PreUp, PostUp, PreDown, PostDown, SaveConfig");
	config_free(c);
}
END_TEST

START_TEST(warns_of_a_value_given_twice)
{
	struct config *c = parse(IFACE "ListenPort = 5\nListenPort = 6\n" PEER "PersistentKeepalive = 1\n");

	ck_assert_uint_eq(c->listen_port, 6);
	ck_assert_uint_eq(c->warning_count, 1);
	ck_assert_str_eq(c->warnings[0], "wg0.conf:4: ListenPort is given again: this one counts");
	config_free(c);
}
END_TEST

START_TEST(passes_over_itself)
{
	struct config *c = parse(IFACE "[Peer]\nPublicKey = " PEER2 "\n[Peer]\nPublicKey = " PUBLIC
				       "\nAllowedIPs = 10.0.0.0/8\n" PEER);

	ck_assert_uint_eq(c->peer_count, 2);
	assert_key(c->peers[0].public_key, PEER2);
	assert_key(c->peers[1].public_key, PEER1);
	ck_assert_uint_eq(c->warning_count, 1);
	ck_assert_str_eq(c->warnings[0], "wg0.conf:5: this [Peer] is this host itself and is passed over");
	config_free(c);
}
END_TEST

/* 3,000 peers with 20 prefixes each: what grows keeps what it had. */
START_TEST(reads_many_peers)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct config *c;

	fputs(IFACE, f);
	for (unsigned i = 0; i < 3000; i++) {
		uint8_t key[32] = { (uint8_t)i, (uint8_t)(i >> 8), 1 };
		char base64[CRYPTO_KEY_TEXT + 1];

		crypto_key_to_base64(base64, key);
		fprintf(f, "[Peer]\nPublicKey = %s\nPresharedKey = %s\nAllowedIPs = 10.%u.%u.0/24", base64,
			base64, i >> 8, i & 255);
		for (unsigned j = 1; j < 20; j++)
			fprintf(f, ", fd00:%x:%x::/48", i, j);
		fputc('\n', f);
	}
	fclose(f);
	c = parse(text);
	ck_assert_uint_eq(c->peer_count, 3000);
	for (unsigned i = 0; i < 3000; i++) {
		ck_assert_uint_eq(c->peers[i].preshared_key[0], i & 255);
		ck_assert_uint_eq(c->peers[i].public_key[1], i >> 8);
		ck_assert_uint_eq(c->peers[i].allowed_ip_count, 20);
		ck_assert_uint_eq(c->peers[i].allowed_ips[19].ip[5], 19);
	}
	config_free(c);
	free(text);
}
END_TEST

/* Every file that is cut off, or has a byte changed, is read or refused, nothing else (run under sanitizers).
 */
START_TEST(survives_damage)
{
	static const char text[] =
		IFACE "Address = 10.1.0.2/24, fd00:1::2/64\nMTU = 1400\nFwMark = 0xca6c\n" PEER
		      "PresharedKey = " PSK "\nAllowedIPs = 10.1.0.1/32\nEndpoint = [fe80::1%eth0]:1\n";
	static const char junk[] = "\0\n#=[],:/% 9\xff";
	char copy[sizeof(text)];
	struct config *config;

	for (size_t len = 0; len < sizeof(text); len++) {
		char *exact = malloc(len + 1); /* so that reading past it is seen */

		memcpy(exact, text, len);
		if (config_parse(&config, "x", exact, len, error) == 0)
			config_free(config);
		else
			ck_assert_str_ne(error, "");
		free(exact);
		for (size_t j = 0; len && j < sizeof(junk); j++) {
			memcpy(copy, text, sizeof(text));
			copy[len - 1] = junk[j];
			if (config_parse(&config, "x", copy, sizeof(text) - 1, error) == 0)
				config_free(config);
		}
	}
}
END_TEST

START_TEST(loads_files)
{
	char path[] = "/tmp/test_config.XXXXXX";
	int fd = mkstemp(path);
	struct config *c;
	char expected[200];

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, IFACE, strlen(IFACE)), (ssize_t)strlen(IFACE));
	ck_assert_int_eq(config_load(&c, path, error), 0);
	assert_key(c->private_key, PRIVATE);
	ck_assert_uint_eq(c->warning_count, 0);
	config_free(c);

	ck_assert_int_eq(fchmod(fd, 0644), 0);
	ck_assert_int_eq(config_load(&c, path, error), 0);
	ck_assert_uint_eq(c->warning_count, 1);
	snprintf(expected, sizeof(expected),
		 "%s: everybody may read this file, which holds a private key: chmod o-rwx it", path);
	ck_assert_str_eq(c->warnings[0], expected);
	config_free(c);

	ck_assert_int_eq(ftruncate(fd, 12), 0);
	ck_assert_int_eq(config_load(&c, path, error), -1);
	snprintf(expected, sizeof(expected), "%s:1: found the end of the file", path);
	ck_assert_msg(strncmp(error, expected, strlen(expected)) == 0, "%s", error);
	close(fd);
	unlink(path);
	ck_assert_int_eq(config_load(&c, path, error), -1);
	snprintf(expected, sizeof(expected), "%s: cannot be read: No such file or directory", path);
	ck_assert_str_eq(error, expected);
	ck_assert_int_eq(config_load(&c, "/", error), -1);
	ck_assert_str_eq(error, "/: cannot be read: Is a directory");
}
END_TEST

static const struct {
	const char *path, *name;
} names[] = {
	{ "wg0", "wg0" },
	{ "/etc/flowtun/wg0.conf", "wg0" },
	{ "./a.b.conf", "a.b" },
	{ "123456789012345", "123456789012345" },
	{ "1234567890123456", NULL },
	{ "/etc/123456789012345.conf", "123456789012345" },
	{ "", NULL },
	{ "/", NULL },
	{ ".conf", ".conf" },
	{ "..", NULL },
	{ "./.", NULL },
	{ "a b.conf", NULL },
	{ "a:b", NULL },
	{ "\xc3\xa9", NULL },
};

START_TEST(names_interfaces)
{
	char name[IF_NAMESIZE] = "unchanged";
	int result = config_interface_name(name, names[_i].path);

	ck_assert_int_eq(result, names[_i].name ? 0 : -1);
	ck_assert_str_eq(name, names[_i].name ? names[_i].name : "unchanged");
}
END_TEST

static const struct {
	const char *text;
	bool good;
} addresses[] = {
	{ "192.0.2.1:1935", true }, { "[2001:db8::1]:65535", true },
	{ "[fe80::1%7]:1", true },  { "", false },
	{ "192.0.2.1", false },	    { "192.0.2.1:", false },
	{ "192.0.2.1:0", false },   { "192.0.2.1:65536", false },
	{ "192.0.2.1:1x", false },  { "2001:db8::1:1", false },
	{ "[192.0.2.1]:1", false }, { "[fe80::1%eth0]:1", false },
	{ "[fe80::1%0]:1", false }, { "[::1]1", false },
	{ "[::1", false },	    { "name:1", false },
};

START_TEST(addresses_go_both_ways)
{
	struct rtmfp_addr addr = { .family = 99 };
	char text[ADDR_TEXT_MAX];

	ck_assert_int_eq(addr_from_text(&addr, addresses[_i].text), addresses[_i].good ? 0 : -1);
	if (!addresses[_i].good) {
		ck_assert_uint_eq(addr.family, 99);
		return;
	}
	addr_to_text(text, &addr);
	ck_assert_str_eq(text, addresses[_i].text);
}
END_TEST

#define LOOP(tc, test, table) tcase_add_loop_test(tc, test, 0, (int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tc = tcase_create("config");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, reads_a_whole_file);
	tcase_add_test(tc, has_defaults);
	LOOP(tc, spellings_are_equal, spellings);
	LOOP(tc, reads_endpoints, endpoints);
	LOOP(tc, accepts, good);
	LOOP(tc, refuses, bad);
	LOOP(tc, never_quotes_a_secret, leaks);
	tcase_add_test(tc, refuses_zero_bytes);
	tcase_add_test(tc, quotes_long_values_in_part);
	tcase_add_test(tc, cuts_long_names_of_files_not_the_reason);
	tcase_add_test(tc, warns_once_of_what_does_nothing);
	tcase_add_test(tc, warns_of_a_value_given_twice);
	tcase_add_test(tc, passes_over_itself);
	tcase_add_test(tc, reads_many_peers);
	tcase_add_test(tc, survives_damage);
	tcase_add_test(tc, loads_files);
	LOOP(tc, names_interfaces, names);
	LOOP(tc, addresses_go_both_ways, addresses);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

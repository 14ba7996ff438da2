#include "store/redis_tls.h"

int
redis_tls_check(struct buf *error)
{
	buf_add_cstr(error,
	    "\"rediss:\" needs a hiredis with SSL (hiredis_ssl), and this "
	    "sluice was built without; run stunnel (Debian: stunnel4) beside "
	    "it, and let store be \"redis://127.0.0.1:PORT/0\", stunnel's own "
	    "port; see \"TLS\" in README.md");
	return -1;
}

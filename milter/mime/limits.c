#include "mime/limits.h"

struct mime_limits
mime_limits_of(size_t scan_limit)
{
	return (struct mime_limits){
		.depth = 32,
		.parts = 1000,
		.headers = 1000,
		.header_bytes = (size_t)64 * 1024,
		.headers_bytes = (size_t)256 * 1024,
		.boundary_bytes = 200,
		.parameters = 64,
		.name_bytes = 1024,
		.names = 8,
		.decoded_bytes = scan_limit,
		.sample_bytes = 4096,
		.edge_bytes = (size_t)16 * 1024,
		.edges_bytes = (size_t)256 * 1024,
		.text_bytes = scan_limit,
		.urls = 1000,
		.url_bytes = 2048,
	};
}

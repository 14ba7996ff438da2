-- What the scripts for miltertest share. SOCKET and DIR come from -D.

-- miltertest ends with 1 and keeps to itself why.
function fail(what)
	mt.echo("not ok " .. what)
	error(what)
end

-- Calls of mt answer nil when all is well.
function must(what, problem)
	if problem ~= nil then
		fail(what .. ": " .. tostring(problem))
	end
end

-- want: SMFIR_CONTINUE, SMFIR_REPLYCODE, …
function answered(conn, want, what)
	local got = mt.getreply(conn)
	if got ~= want then
		fail(what .. ": answer " .. string.char(got) .. ", not " ..
			string.char(want))
	end
end

function open()
	local conn = mt.connect(SOCKET)
	if conn == nil then
		fail("no connection to " .. SOCKET)
	end
	return conn
end

-- The steps of a message, each with the answer that it wants.
STEPS = {
	{ "connect", function(c) return mt.conninfo(c, "a.example", "192.0.2.1") end,
		SMFIR_CONTINUE },
	{ "helo", function(c) return mt.helo(c, "a.example") end, SMFIR_CONTINUE },
	{ "mail", function(c) return mt.mailfrom(c, "<a@example.org>", "SIZE=100") end,
		SMFIR_CONTINUE },
	{ "refused rcpt", function(c) return mt.rcptto(c, "<refuse@example.net>") end,
		SMFIR_REPLYCODE },
	{ "rcpt", function(c) return mt.rcptto(c, "<b@example.net>") end,
		SMFIR_CONTINUE },
	{ "data", function(c) return mt.data(c) end, SMFIR_CONTINUE },
	{ "header", function(c) return mt.header(c, "Subject", "change") end },
	{ "end of headers", function(c) return mt.eoh(c) end, SMFIR_CONTINUE },
	{ "body", function(c) return mt.bodystring(c, "body\r\n") end },
	{ "end", function(c) return mt.eom(c) end, SMFIR_CONTINUE },
}
MAIL = 3 -- where a message begins

function steps(conn, first, last)
	for i = first, last do
		local name, act, want = unpack(STEPS[i])
		must(name, act(conn))
		if want ~= nil then
			answered(conn, want, name)
		end
	end
end
unpack = unpack or table.unpack

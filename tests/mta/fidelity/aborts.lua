-- A message that is aborted, and a client that is gone, after each step; what
-- follows is answered as if nothing had been. Many messages on one connection.
dofile(DIR .. "/lib.lua")

-- RSET after each step; then another message on the same connection.
for last = MAIL, #STEPS - 1 do
	local conn = open()
	steps(conn, 1, last)
	must("abort", mt.abort(conn))
	must("abort again", mt.abort(conn))
	steps(conn, MAIL, #STEPS)
	mt.disconnect(conn)
	mt.echo("ok abort after " .. STEPS[last][1])
end

-- Gone after each step, with and without QUIT; not one byte, too.
for last = 0, #STEPS do
	for _, is_polite in ipairs({ true, false }) do
		local conn = open()
		steps(conn, 1, last)
		mt.disconnect(conn, is_polite)
	end
	mt.echo("ok gone after step " .. last)
end

local conn = open()
for n = 1, 50 do
	if n % 10 == 0 then
		must("helo again", mt.helo(conn, "b.example"))
		answered(conn, SMFIR_CONTINUE, "helo again")
	end
	steps(conn, n == 1 and 1 or MAIL, #STEPS)
end
mt.disconnect(conn)
mt.echo("ok fifty messages on one connection")

-- MTAs of all ages: from protocol 2 with the seven steps of old to 6, with
-- fewer actions and steps. Nothing is asked for that was not offered; refusals
-- work everywhere, and changes where they are allowed.
dofile(DIR .. "/lib.lua")

local offers = {
	-- version, actions, steps
	{ 2, 0x0f, 0x7f },
	{ 2, 0x3f, 0x7f },
	{ 3, 0x3f, 0x17f },
	{ 4, 0x3f, 0x3ff },
	{ 6, 0x1ff, 0x1fffff },
	{ 6, 0x01, 0x1fffff }, -- may only add fields
	{ 6, 0x100, 0x1fffff }, -- may not change anything
	{ 6, 0x1ff, 0x7f }, -- waits for every answer
	{ 6, 0x1ff, 0xfff }, -- no "no reply"
	{ 6, 0x1ff, 0x1ffb80 }, -- leaves out nothing
	{ 6, 0x1ff - 0x20, 0x1fffff }, -- no quarantine
	{ 6, 0x1ff - 0x04, 0x1fffff }, -- no new recipients
	{ 6, 0x1ff - 0x40, 0x1fffff - 0x400 }, -- no new sender, no skip
}

local function has(bits, bit)
	return math.floor(bits / bit) % 2 == 1
end

for _, offer in ipairs(offers) do
	local version, actions, flags = unpack(offer)
	local name = string.format("version %d, actions 0x%x, steps 0x%x", version,
		actions, flags)
	local conn = open()
	-- (its manual page has the last two the other way round)
	must(name, mt.negotiate(conn, version, flags, actions))
	for i = 0, 20 do
		if not has(flags, 2 ^ i) and mt.test_option(conn, 2 ^ i) then
			fail(name .. ": step flag " .. i .. " was not offered")
		end
		if i < 9 and not has(actions, 2 ^ i) and mt.test_action(conn, 2 ^ i) then
			fail(name .. ": action " .. i .. " was not offered")
		end
	end
	steps(conn, 1, #STEPS)
	if mt.eom_check(conn, MT_HDRADD, "X-New") ~= has(actions, SMFIF_ADDHDRS) then
		fail(name .. ": add-header")
	end
	if mt.eom_check(conn, MT_RCPTADD, "added@example.net") ~=
		(has(actions, SMFIF_ADDRCPT) and has(actions, SMFIF_DELRCPT)) then
		fail(name .. ": add-recipient")
	end
	mt.disconnect(conn)
	mt.echo("ok " .. name)
end

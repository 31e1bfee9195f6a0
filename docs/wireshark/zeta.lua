-- Operations of Zeta's distributed flow table (docs/decisions/0016-a-flow-table-of-ordinary-nodes.md), for Wireshark and tshark:
--
--     tshark -X lua_script:zeta.lua -r capture.pcap -Y zeta
--
-- An operation is one or two Geneve options (RFC 8926) before the tenant's frame. They stand at fixed places of a frame over
-- IPv4, so that this reads them behind Wireshark's own dissectors. Numbers are in network order.

local zeta = Proto("zeta", "Zeta flow table")

local OPERATIONS = {
  [1] = "Lookup", [2] = "Decide", [3] = "Touch", [4] = "Close", [5] = "Update",
  [6] = "Reply", [7] = "Refuse", [8] = "Nobody", [9] = "Stale", [10] = "Transfer", [11] = "Stored",
  [12] = "Fragment", [13] = "Followed", [14] = "Seek", [15] = "Over",
}
local STATES = {
  [0] = "Datagrams", [1] = "Opening", [2] = "Established", [3] = "Closing", [4] = "Answered", [5] = "Ended",
}

local f = zeta.fields
f.operation = ProtoField.uint8("zeta.operation", "Operation", base.DEC, OPERATIONS)
f.hops = ProtoField.uint8("zeta.hops", "Hop budget")
f.place = ProtoField.uint8("zeta.place", "Place in the chain")
f.key = ProtoField.uint8("zeta.key", "Key")
f.epoch = ProtoField.uint32("zeta.epoch", "Epoch")
f.bucket = ProtoField.uint16("zeta.bucket", "Bucket")
f.service = ProtoField.uint16("zeta.service", "Service")
f.forwarder = ProtoField.uint32("zeta.forwarder", "Forwarder")
f.sent = ProtoField.uint32("zeta.sent", "Sent, in the forwarder's spans")
f.detail = ProtoField.uint32("zeta.detail", "Detail")
f.tag = ProtoField.uint64("zeta.tag", "Tag", base.HEX)
f.version_epoch = ProtoField.uint32("zeta.version.epoch", "Version: epoch")
f.version_count = ProtoField.uint64("zeta.version.count", "Version: count")
f.state = ProtoField.uint8("zeta.state", "State", base.DEC, STATES)
f.generation = ProtoField.uint32("zeta.generation", "Generation of the config")
f.vni = ProtoField.uint32("zeta.vni", "Network of the client")
f.source = ProtoField.ipv6("zeta.source", "Source, as the client sends")
f.destination = ProtoField.ipv6("zeta.destination", "Destination, as the client sends")
f.to_source = ProtoField.ipv6("zeta.to.source", "Source, as decided")
f.to_destination = ProtoField.ipv6("zeta.to.destination", "Destination, as decided")
f.place_address = ProtoField.ipv6("zeta.delivery", "Delivered to")
f.place_vni = ProtoField.uint32("zeta.delivery.vni", "Delivered in network")
f.source_port = ProtoField.uint16("zeta.source.port", "Source port, as the client sends")
f.destination_port = ProtoField.uint16("zeta.destination.port", "Destination port, as the client sends")
f.to_source_port = ProtoField.uint16("zeta.to.source.port", "Source port, as decided")
f.to_destination_port = ProtoField.uint16("zeta.to.destination.port", "Destination port, as decided")
f.change = ProtoField.uint16("zeta.change", "Change", base.HEX)
f.protocol = ProtoField.uint8("zeta.protocol", "Protocol")
f.life = ProtoField.uint32("zeta.life", "Life left, in seconds")
f.note = ProtoField.uint32("zeta.note", "Note")

local OPTION_AT, OPERATION_AT, SHORT, LONG = 50, 54, 86, 210
local CLASS = 0xff5a

-- Name, offset and length of each field.
local OPERATION = {
  { "operation", 0, 1 }, { "hops", 1, 1 }, { "place", 2, 1 }, { "key", 3, 1 }, { "epoch", 4, 4 }, { "bucket", 8, 2 },
  { "service", 10, 2 }, { "forwarder", 12, 4 }, { "sent", 16, 4 }, { "detail", 20, 4 }, { "tag", 24, 8 },
}
local ENTRY = {
  { "generation", 8, 4 }, { "vni", 12, 4 }, { "source", 16, 16 }, { "destination", 32, 16 }, { "to_source", 48, 16 },
  { "to_destination", 64, 16 }, { "place_address", 80, 16 }, { "place_vni", 96, 4 }, { "source_port", 100, 2 },
  { "destination_port", 102, 2 }, { "to_source_port", 104, 2 }, { "to_destination_port", 106, 2 }, { "change", 108, 2 },
  { "protocol", 110, 1 }, { "life", 112, 4 }, { "note", 116, 4 },
}

local function add(tree, fields, tvb, at)
  for _, one in ipairs(fields) do tree:add(f[one[1]], tvb(at + one[2], one[3])) end
end

function zeta.dissector(tvb, pinfo, tree)
  if tvb:len() < SHORT or tvb(12, 2):uint() ~= 0x0800 or tvb(36, 2):uint() ~= 6081 then return end
  if tvb(OPTION_AT, 2):uint() ~= CLASS or tvb(OPTION_AT + 2, 1):uint() ~= 0x81 then return end
  local whole = 50 + (tvb(42, 1):uint() % 64) * 4
  local name = OPERATIONS[tvb(OPERATION_AT, 1):uint()] or "unknown operation"
  local inner = tree:add(zeta, tvb(OPTION_AT, math.min(whole, tvb:len()) - OPTION_AT), "Zeta flow table, " .. name)
  add(inner, OPERATION, tvb, OPERATION_AT)
  if whole == LONG and tvb:len() >= LONG then
    local entry = inner:add(zeta, tvb(SHORT + 4, 120), "Entry")
    local version = tvb(SHORT + 4, 8):uint64()
    entry:add(f.version_epoch, tvb(SHORT + 4, 3), version:rshift(40):tonumber())
    entry:add(f.version_count, tvb(SHORT + 7, 5), version:band(UInt64(0xffffffff, 0xff)):rshift(4))
    entry:add(f.state, tvb(SHORT + 11, 1), version:band(UInt64(15)):tonumber())
    add(entry, ENTRY, tvb, SHORT + 4)
  end
  pinfo.cols.info:prepend("Zeta " .. name .. ": ")
end

register_postdissector(zeta)

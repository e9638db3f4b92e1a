-- SPDX-License-Identifier: MIT
-- Wireshark and tshark read what `m3ipc capture` has written: one record of a link in each packet (README.md).
--   tshark -X lua_script:m3ipc.lua -r file.pcapng        wireshark -X lua_script:m3ipc.lua file.pcapng

local m3ipc = Proto("m3ipc", "M3-IPC record")

local lanes = { [0] = "control", [1] = "urgent", [2] = "normal", [3] = "bulk" }
local kinds = {
  [1] = "VOID", [2] = "REFUSED", [3] = "SEND", [4] = "SENDREC", [5] = "REPLY", [6] = "NOTIFY", [7] = "SEND_ACK",
  [8] = "ERROR", [9] = "CANCEL", [10] = "DEATH", [11] = "COPY_PULL", [12] = "COPY_DATA", [13] = "COPY_ACK",
  [14] = "RELAY",
}
-- Kinds whose body is a message, and those whose body begins with a copy's address and length.
local messages = { [3] = true, [4] = true, [5] = true, [6] = true, [14] = true }
local copies = { [11] = true, [12] = true }

local PSEUDO = 16
local HEADER = 64
local REFUSED = 2

local f = {
  lane = ProtoField.uint8("m3ipc.lane", "Lane", base.DEC, lanes),
  dc = ProtoField.uint16("m3ipc.dc", "DC"),
  from = ProtoField.uint16("m3ipc.from", "Sent by node"),
  to = ProtoField.uint16("m3ipc.to", "Sent to node"),
  number = ProtoField.uint64("m3ipc.number", "Number in its lane"),
  length = ProtoField.uint32("m3ipc.length", "Length"),
  kind = ProtoField.uint16("m3ipc.kind", "Kind", base.DEC, kinds),
  flags = ProtoField.uint16("m3ipc.flags", "Flags", base.HEX),
  former_kind = ProtoField.uint16("m3ipc.former_kind", "Kind before it was refused", base.DEC, kinds),
  src = ProtoField.int32("m3ipc.src", "Source endpoint"),
  dst = ProtoField.int32("m3ipc.dst", "Destination endpoint"),
  src_binding = ProtoField.uint64("m3ipc.src_binding", "Source binding", base.HEX),
  dst_binding = ProtoField.uint64("m3ipc.dst_binding", "Destination binding", base.HEX),
  call = ProtoField.uint64("m3ipc.call", "Call"),
  transfer = ProtoField.uint64("m3ipc.transfer", "Transfer"),
  offset = ProtoField.uint64("m3ipc.offset", "Offset in the transfer"),
  status = ProtoField.int32("m3ipc.status", "Status"),
  src_node = ProtoField.uint16("m3ipc.src_node", "Source node"),
  dst_node = ProtoField.uint16("m3ipc.dst_node", "Destination node"),
  payload_length = ProtoField.uint32("m3ipc.payload_length", "Payload length"),
  msg_source = ProtoField.int32("m3ipc.message.source", "Message source"),
  msg_type = ProtoField.int32("m3ipc.message.type", "Message type"),
  msg_data = ProtoField.bytes("m3ipc.message.data", "Message data"),
  copy_address = ProtoField.uint64("m3ipc.copy.address", "Copy address", base.HEX),
  copy_bytes = ProtoField.uint64("m3ipc.copy.bytes", "Copy bytes"),
  data = ProtoField.bytes("m3ipc.data", "Data"),
}
m3ipc.fields = f

local cut = ProtoExpert.new("m3ipc.cut", "The capture has cut the record", expert.group.UNDECODED, expert.severity.NOTE)
m3ipc.experts = { cut }

-- What of [at, at + length) was captured.
local function range(tvb, at, length)
  return tvb(at, math.min(length, tvb:len() - at))
end

local function add_header(tree, tvb, at)
  tree:add_le(f.length, tvb(at, 4))
  tree:add_le(f.kind, tvb(at + 4, 2))
  tree:add_le(f.flags, tvb(at + 6, 2))
  if tvb(at + 4, 2):le_uint() == REFUSED then
    tree:add(f.former_kind, tvb(at + 7, 1), tvb(at + 7, 1):uint())
  end
  tree:add_le(f.src, tvb(at + 8, 4))
  tree:add_le(f.dst, tvb(at + 12, 4))
  tree:add_le(f.src_binding, tvb(at + 16, 8))
  tree:add_le(f.dst_binding, tvb(at + 24, 8))
  tree:add_le(f.call, tvb(at + 32, 8))
  tree:add_le(f.transfer, tvb(at + 40, 8))
  tree:add_le(f.offset, tvb(at + 48, 8))
  tree:add_le(f.status, tvb(at + 56, 4))
  tree:add_le(f.src_node, tvb(at + 60, 2))
  tree:add_le(f.dst_node, tvb(at + 62, 2))
end

-- Returns the message's type, if it is one.
local function add_body(tree, tvb, at, kind, length)
  local left = math.min(length, tvb:len() - at)
  if messages[kind] and left >= 8 then
    tree:add_le(f.msg_source, tvb(at, 4))
    tree:add_le(f.msg_type, tvb(at + 4, 4))
    if left > 8 then tree:add(f.msg_data, range(tvb, at + 8, length - 8)) end
    return tvb(at + 4, 4):le_int()
  end
  if copies[kind] and left >= 16 then
    tree:add_le(f.copy_address, tvb(at, 8))
    tree:add_le(f.copy_bytes, tvb(at + 8, 8))
    at, left = at + 16, left - 16
  end
  if left > 0 then tree:add(f.data, tvb(at, left)) end
  return nil
end

function m3ipc.dissector(tvb, pinfo, root)
  if tvb:len() < PSEUDO + HEADER or tvb(0, 1):uint() ~= 1 then return 0 end
  pinfo.cols.protocol = "M3-IPC"
  local tree = root:add(m3ipc, tvb())
  tree:add(f.lane, tvb(1, 1))
  tree:add_le(f.dc, tvb(2, 2))
  tree:add_le(f.from, tvb(4, 2))
  tree:add_le(f.to, tvb(6, 2))
  tree:add_le(f.number, tvb(8, 8))
  add_header(tree, tvb, PSEUDO)

  local kind = tvb(PSEUDO + 4, 2):le_uint()
  local payload = tvb(PSEUDO, 4):le_uint() - HEADER
  tree:add(f.payload_length, tvb(PSEUDO, 4), payload)
  local msg_type = add_body(tree, tvb, PSEUDO + HEADER, kind, payload)
  if tvb:len() < tvb:reported_len() then tree:add_proto_expert_info(cut) end

  local src, dst = tvb(PSEUDO + 8, 4):le_int(), tvb(PSEUDO + 12, 4):le_int()
  pinfo.cols.src = string.format("%d@%d", src, tvb(4, 2):le_uint())
  pinfo.cols.dst = string.format("%d@%d", dst, tvb(6, 2):le_uint())
  pinfo.cols.info = string.format("DC %d %s%s, %d bytes", tvb(2, 2):le_uint(), kinds[kind] or ("kind " .. kind),
    msg_type and (" type " .. msg_type) or "", payload)
  return tvb:len()
end

DissectorTable.get("wtap_encap"):add(wtap.USER0, m3ipc)

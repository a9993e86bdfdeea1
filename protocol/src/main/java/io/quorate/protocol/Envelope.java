package io.quorate.protocol;

/**
 * A message with its header.
 *
 * <pre>
 * version u8 (top bit: response) | flags u8 | stream i16 | opcode u8 | length i32 | body
 * </pre>
 *
 * <p>Native protocol v5, section 2.
 *
 * @param body uncompressed; owned by the envelope
 */
@SuppressWarnings("ArrayRecordComponent") // messages are never compared
public record Envelope(ProtocolVersion version, int flags, int stream, Opcode opcode, byte[] body) {
  static final int HEADER_BYTES = 9;
  static final int RESPONSE_BIT = 0x80;

  static final int FLAG_COMPRESSED = 0x01;
  static final int FLAG_TRACING = 0x02;
  static final int FLAG_CUSTOM_PAYLOAD = 0x04;
  static final int FLAG_WARNING = 0x08;

  /** Whether a request asks for a trace, or a response tells of one. */
  public boolean isTraced() {
    return (flags & FLAG_TRACING) != 0;
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }
}

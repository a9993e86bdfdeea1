package io.quorate.protocol;

import org.jspecify.annotations.Nullable;

/** What kind of message an envelope carries (native protocol v5, section 2.4). */
public enum Opcode {
  ERROR(0x00, true),
  STARTUP(0x01, false),
  READY(0x02, true),
  AUTHENTICATE(0x03, true),
  OPTIONS(0x05, false),
  SUPPORTED(0x06, true),
  QUERY(0x07, false),
  RESULT(0x08, true),
  PREPARE(0x09, false),
  EXECUTE(0x0A, false),
  REGISTER(0x0B, false),
  EVENT(0x0C, true),
  BATCH(0x0D, false),
  AUTH_CHALLENGE(0x0E, true),
  AUTH_RESPONSE(0x0F, false),
  AUTH_SUCCESS(0x10, true);

  private static final @Nullable Opcode[] BY_CODE = new Opcode[0x11];

  static {
    for (Opcode opcode : values()) {
      BY_CODE[opcode.code] = opcode;
    }
  }

  private final int code;
  private final boolean isResponse;

  Opcode(int code, boolean isResponse) {
    this.code = code;
    this.isResponse = isResponse;
  }

  public int code() {
    return code;
  }

  public boolean isResponse() {
    return isResponse;
  }

  static @Nullable Opcode ofCode(int code) {
    return code < BY_CODE.length ? BY_CODE[code] : null;
  }
}

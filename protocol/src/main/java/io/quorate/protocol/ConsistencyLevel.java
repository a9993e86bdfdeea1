package io.quorate.protocol;

/** How many replicas must answer before a request is answered (native protocol, section 3). */
public enum ConsistencyLevel {
  ANY(0x00, false),
  ONE(0x01, false),
  TWO(0x02, false),
  THREE(0x03, false),
  QUORUM(0x04, false),
  ALL(0x05, false),
  LOCAL_QUORUM(0x06, true),
  EACH_QUORUM(0x07, false),
  SERIAL(0x08, false),
  LOCAL_SERIAL(0x09, true),
  LOCAL_ONE(0x0A, true);

  private static final ConsistencyLevel[] BY_CODE = values();

  private final int code;
  private final boolean datacenterLocal;

  ConsistencyLevel(int code, boolean datacenterLocal) {
    this.code = code;
    this.datacenterLocal = datacenterLocal;
  }

  /** The number that stands for this level on the wire. */
  public int code() {
    return code;
  }

  /** Whether only replicas in the coordinator's data centre count. */
  public boolean isDatacenterLocal() {
    return datacenterLocal;
  }

  /** Whether this level asks for a linearisable operation. */
  public boolean isSerial() {
    return this == SERIAL || this == LOCAL_SERIAL;
  }

  /**
   * The level with this code.
   *
   * @throws ProtocolException if there is none
   */
  public static ConsistencyLevel ofCode(int code) {
    if (code < 0 || code >= BY_CODE.length) {
      throw new ProtocolException("Unknown code " + code + " for a consistency level");
    }
    return BY_CODE[code];
  }
}

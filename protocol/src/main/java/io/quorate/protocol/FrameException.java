package io.quorate.protocol;

/**
 * The stream of bytes cannot be followed any further. The connection is answered, where there is
 * someone to answer, with a protocol error on this stream in this version, and closed.
 */
public final class FrameException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final ProtocolVersion answerVersion;
  private final int stream;

  FrameException(ProtocolVersion answerVersion, int stream, String message) {
    super(message);
    this.answerVersion = answerVersion;
    this.stream = stream;
  }

  /** The version in which the other side may understand the answer. */
  public ProtocolVersion answerVersion() {
    return answerVersion;
  }

  /** The stream of the message that was wrong; 0 where there was none. */
  public int stream() {
    return stream;
  }
}

package io.quorate.raft;

import java.util.Arrays;

/**
 * One entry of the replicated log.
 *
 * @param term the term of the leader that created it
 * @param index its position, from 1
 * @param kind what {@code command} is
 * @param command opaque; empty in the no-op with which a leader begins its term (section 6.4). Not
 *     copied: nobody writes to it
 */
@SuppressWarnings("ArrayRecordComponent") // compared by content below
public record Entry(long term, long index, Kind kind, byte[] command) {

  /** For whom an entry is. The codes are those on disk and on the wire. */
  public enum Kind {
    /** The state machine. */
    COMMAND(0),
    /** The ring itself: a {@link Configuration}. */
    CONFIGURATION(1);

    private final int code;

    Kind(int code) {
      this.code = code;
    }

    int code() {
      return code;
    }

    static Kind of(int code) {
      for (Kind kind : values()) {
        if (kind.code == code) {
          return kind;
        }
      }
      throw new IllegalArgumentException("an entry of unknown kind " + code);
    }
  }

  public Entry {
    if (term < 1 || index < 1) {
      throw new IllegalArgumentException("entry " + index + " of term " + term);
    }
    if (kind == Kind.CONFIGURATION) {
      Configuration.decode(command);
    }
  }

  /** A command. */
  public Entry(long term, long index, byte[] command) {
    this(term, index, Kind.COMMAND, command);
  }

  static Entry of(long term, long index, Configuration configuration) {
    return new Entry(term, index, Kind.CONFIGURATION, configuration.encode());
  }

  public boolean isNoOp() {
    return kind == Kind.COMMAND && command.length == 0;
  }

  /** Of a configuration. */
  Configuration configuration() {
    return Configuration.decode(command);
  }

  /** Bytes it counts for in a message or a quota: the command and its header. */
  int sizeBytes() {
    return command.length + 21;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Entry that
        && index == that.index
        && term == that.term
        && kind == that.kind
        && Arrays.equals(command, that.command);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(index * 31 + term);
  }

  @Override
  public String toString() {
    String what =
        kind == Kind.CONFIGURATION
            ? configuration().toString()
            : isNoOp() ? "no-op" : command.length + "B";
    return index + "/t" + term + " " + what;
  }
}

package io.quorate.raft;

/** Whether a linearisable read may be served now, from this member's state. */
public sealed interface ReadOutcome {

  /** It may: everything committed before the request, up to {@code index} at least, is applied. */
  record Confirmed(long index) implements ReadOutcome {}

  /** It may not. */
  record Refused(Refusal reason) implements ReadOutcome {}
}

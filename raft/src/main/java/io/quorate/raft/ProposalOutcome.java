package io.quorate.raft;

import java.util.Arrays;

/** What became of a proposal, as far as its proposer can know. */
public sealed interface ProposalOutcome {

  /**
   * Applied, here too.
   *
   * @param index its place in the log
   * @param result what the state machine returned
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by content below
  record Committed(long index, byte[] result) implements ProposalOutcome {
    @Override
    public boolean equals(Object other) {
      return other instanceof Committed that
          && index == that.index
          && Arrays.equals(result, that.result);
    }

    @Override
    public int hashCode() {
      return Long.hashCode(index);
    }
  }

  /** Not applied, and never will be. */
  record Rejected(Refusal reason) implements ProposalOutcome {}

  /**
   * Applied, or yet to be, or never. To find out, propose it again under the same {@link
   * ProposalId}.
   */
  record Unknown(Refusal reason) implements ProposalOutcome {}
}

package io.quorate.raft;

/**
 * Names one change, however often it is proposed: it applies once. Made by {@link
 * RaftNode#newProposalId}.
 *
 * @param most random
 * @param least random
 * @param sinceIndex the log's applied index when the id was made: the change cannot have been
 *     applied before, so a member that has forgotten what was applied later than this refuses the
 *     change instead of applying it a second time
 */
public record ProposalId(long most, long least, long sinceIndex) {}

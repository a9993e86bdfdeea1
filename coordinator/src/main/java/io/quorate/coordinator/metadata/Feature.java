package io.quorate.coordinator.metadata;

import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The names of what some build could do first ({@link ClusterMetadata#features}). A name is never
 * given out twice, and never taken back.
 */
public final class Feature {
  /** Messages of the metadata ring name their ring: a ring can be given up for another. */
  public static final String METADATA_RINGS = "metadata-rings";

  /** Nodes without tokens, which vote and hold nothing. */
  public static final String WITNESSES = "witnesses";

  /**
   * Several dead nodes are taken out in one change; a removal is refused when rows may be lost by
   * it, unless that is accepted.
   */
  public static final String REMOVALS_TOGETHER = "removals-together";

  /** A node that leaves hands the hints on that it kept for others. */
  public static final String HINT_HANDOVER = "hint-handover";

  /** The metadata know when a table was truncated, and hints and batches of before are dropped. */
  public static final String TRUNCATIONS = "truncations";

  /** Changes of ownership go on at once where they do not overlap, as {@code Overlaps} has it. */
  public static final String CHANGES_TOGETHER = "changes-together";

  /** What this build knows. */
  public static final SortedSet<String> KNOWN =
      Collections.unmodifiableSortedSet(
          new TreeSet<>(
              List.of(
                  METADATA_RINGS,
                  WITNESSES,
                  REMOVALS_TOGETHER,
                  HINT_HANDOVER,
                  TRUNCATIONS,
                  CHANGES_TOGETHER)));

  private Feature() {}
}

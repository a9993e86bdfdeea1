package io.quorate.coordinator.metadata;

import io.quorate.protocol.types.CqlType.UserType;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One step of the metadata state machine. A change that depends on what it was computed from says
 * so ({@code before}) and ends in a conflict when that is no longer so.
 */
public sealed interface MetadataChange {

  /** The keyspace whose schema changes; empty for changes of the ring. */
  default String keyspaceName() {
    return "";
  }

  /** A new keyspace, without tables. */
  record CreateKeyspace(KeyspaceMetadata keyspace, boolean ifNotExists) implements MetadataChange {
    @Override
    public String keyspaceName() {
      return keyspace.name();
    }
  }

  /** Other replication or durability. */
  record AlterKeyspace(
      String name, Replication replication, boolean durableWrites, CommitLogSync commitLogSync)
      implements MetadataChange {
    @Override
    public String keyspaceName() {
      return name;
    }
  }

  /** Removes a keyspace and its tables. */
  record DropKeyspace(String name, boolean ifExists) implements MetadataChange {
    @Override
    public String keyspaceName() {
      return name;
    }
  }

  /** A new table. */
  record CreateTable(TableMetadata table, boolean ifNotExists) implements MetadataChange {
    @Override
    public String keyspaceName() {
      return table.keyspace();
    }
  }

  /** A table's new form. */
  record AlterTable(TableMetadata before, TableMetadata after) implements MetadataChange {
    @Override
    public String keyspaceName() {
      return after.keyspace();
    }
  }

  /** Removes a table. */
  record DropTable(String keyspace, String name, boolean ifExists) implements MetadataChange {
    @Override
    public String keyspaceName() {
      return keyspace;
    }
  }

  /**
   * Removes a table's rows: what was planned under an epoch before counts for nothing from then on.
   * Not before all nodes know {@link Feature#TRUNCATIONS}.
   */
  record TruncateTable(UUID table) implements MetadataChange {}

  /** A new user type. */
  record CreateType(UserType type, boolean ifNotExists) implements MetadataChange {
    @Override
    public String keyspaceName() {
      return type.keyspace();
    }
  }

  /** A user type's new form; every column that holds it changes with it. */
  record AlterType(UserType before, UserType after) implements MetadataChange {
    @Override
    public String keyspaceName() {
      return after.keyspace();
    }
  }

  /** Removes a user type that no table uses. */
  record DropType(String keyspace, String name, boolean ifExists) implements MetadataChange {
    @Override
    public String keyspaceName() {
      return keyspace;
    }
  }

  /**
   * A node joins a cluster without tables with its tokens, or says that its addresses or version
   * are others now.
   */
  record RegisterNode(NodeInfo node) implements MetadataChange {}

  /**
   * Ownership begins to change.
   *
   * @param node as {@link Transition#node} has it
   * @param others as {@link Transition#others} has them; not before all nodes know {@link
   *     Feature#REMOVALS_TOGETHER}
   * @param forced also when fewer nodes stay than rows want replicas
   * @param acceptsLoss also when rows may be lost with the dead that were acknowledged at QUORUM;
   *     not before all nodes know {@link Feature#REMOVALS_TOGETHER}
   */
  record BeginTransition(
      Transition.Kind kind,
      NodeInfo node,
      @Nullable UUID replaced,
      SortedSet<UUID> others,
      boolean forced,
      boolean acceptsLoss)
      implements MetadataChange {

    public BeginTransition {
      others = Collections.unmodifiableSortedSet(new TreeSet<>(others));
    }

    /** A change about one node. */
    public BeginTransition(
        Transition.Kind kind, NodeInfo node, @Nullable UUID replaced, boolean forced) {
      this(kind, node, replaced, Collections.emptySortedSet(), forced, false);
    }
  }

  /**
   * A node has heard of a step of a transition, and plans nothing under the one before any more.
   */
  record AcknowledgeStep(long transition, Transition.Step step, UUID hostId)
      implements MetadataChange {}

  /** A new owner has fetched everything. */
  record FinishStreaming(long transition, UUID hostId) implements MetadataChange {}

  /** Goes back to the owners before. */
  record CancelTransition(long transition) implements MetadataChange {}

  /**
   * What all nodes can do is done from now on, for good: a node that cannot is not taken in any
   * more.
   */
  record EnableFeature(String name) implements MetadataChange {}
}

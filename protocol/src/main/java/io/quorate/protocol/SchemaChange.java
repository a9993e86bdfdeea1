package io.quorate.protocol;

import io.quorate.protocol.types.ByteSink;
import java.util.List;

/**
 * A change of the schema, as a result and as an event.
 *
 * <pre>
 * string change | string target | string keyspace | [string name] | [string list arguments]
 * </pre>
 *
 * <p>Native protocol v5, section 4.2.5.5.
 *
 * @param name of the table, type, function or aggregate; empty for a keyspace
 * @param argumentTypes of the function or aggregate
 */
public record SchemaChange(
    Change change, Target target, String keyspace, String name, List<String> argumentTypes) {
  public SchemaChange {
    argumentTypes = List.copyOf(argumentTypes);
  }

  public SchemaChange(Change change, Target target, String keyspace, String name) {
    this(change, target, keyspace, name, List.of());
  }

  /** What happened. */
  public enum Change {
    CREATED,
    UPDATED,
    DROPPED
  }

  /** To what. */
  public enum Target {
    KEYSPACE,
    TABLE,
    TYPE,
    FUNCTION,
    AGGREGATE
  }

  private boolean hasArguments() {
    return target == Target.FUNCTION || target == Target.AGGREGATE;
  }

  void write(ByteSink out) {
    MessageWriter.string(change.name(), out);
    MessageWriter.string(target.name(), out);
    MessageWriter.string(keyspace, out);
    if (target != Target.KEYSPACE) {
      MessageWriter.string(name, out);
    }
    if (hasArguments()) {
      MessageWriter.stringList(argumentTypes, out);
    }
  }

  static SchemaChange read(MessageReader in) {
    Change change = in.name(Change.class);
    Target target = in.name(Target.class);
    String keyspace = in.string();
    String name = target == Target.KEYSPACE ? "" : in.string();
    boolean hasArguments = target == Target.FUNCTION || target == Target.AGGREGATE;
    return new SchemaChange(
        change, target, keyspace, name, hasArguments ? in.stringList() : List.of());
  }
}

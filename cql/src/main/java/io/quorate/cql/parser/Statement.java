package io.quorate.cql.parser;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A statement as written. */
public sealed interface Statement {

  /** Reads. {@code selectors} is empty for {@code *}. */
  record Select(
      QualifiedName table,
      boolean json,
      boolean distinct,
      List<Selector.Aliased> selectors,
      List<Relation> where,
      List<Selector> groupBy,
      List<Ordering> orderBy,
      @Nullable Term perPartitionLimit,
      @Nullable Term limit,
      boolean allowFiltering)
      implements Statement {}

  record Ordering(String column, boolean descending) {}

  /** A write. */
  sealed interface Modification extends Statement {
    QualifiedName table();

    Attributes attributes();

    /** Whether it is to be done only IF something holds. */
    boolean isConditional();
  }

  /** {@code USING}. */
  record Attributes(@Nullable Term timestamp, @Nullable Term timeToLive) {
    public static final Attributes NONE = new Attributes(null, null);
  }

  record Insert(
      QualifiedName table,
      List<String> columns,
      List<Term> values,
      boolean isConditional,
      Attributes attributes)
      implements Modification {}

  record Update(
      QualifiedName table,
      Attributes attributes,
      List<Assignment> assignments,
      List<Relation> where,
      boolean isConditional)
      implements Modification {}

  /** Deletes columns, or rows where there are none. */
  record Delete(
      QualifiedName table,
      List<Deletion> deletions,
      Attributes attributes,
      List<Relation> where,
      boolean isConditional)
      implements Modification {}

  /** One part of SET. */
  record Assignment(String column, Operation operation, @Nullable Term key, Term value) {

    /** What is done to the column. */
    public enum Operation {
      /** {@code c = value}. */
      SET,
      /** {@code c = c + value}. */
      APPEND,
      /** {@code c = value + c}. */
      PREPEND,
      /** {@code c = c - value}. */
      REMOVE,
      /** {@code c[key] = value}. */
      SET_ELEMENT,
      /** {@code c.field = value}; the key is the field's name as a string. */
      SET_FIELD
    }
  }

  /** A column to delete, or an element or a field of it. */
  record Deletion(String column, @Nullable Term element, @Nullable String field) {}

  record Batch(Kind kind, Attributes attributes, List<Modification> modifications)
      implements Statement {

    /** Which kind of batch. */
    public enum Kind {
      LOGGED,
      UNLOGGED,
      COUNTER
    }
  }

  record Truncate(QualifiedName table) implements Statement {}

  record Use(String keyspace) implements Statement {}

  /** A change of the schema. */
  sealed interface SchemaStatement extends Statement {}

  record CreateKeyspace(String name, boolean ifNotExists, Map<String, Object> properties)
      implements SchemaStatement {}

  record AlterKeyspace(String name, boolean ifExists, Map<String, Object> properties)
      implements SchemaStatement {}

  record DropKeyspace(String name, boolean ifExists) implements SchemaStatement {}

  /**
   * @param clusteringOrder in the order of the clause; empty without one
   * @param properties texts, or maps of texts
   */
  record CreateTable(
      QualifiedName table,
      boolean ifNotExists,
      List<ColumnDefinition> columns,
      List<String> partitionKey,
      List<String> clustering,
      List<Ordering> clusteringOrder,
      boolean compactStorage,
      Map<String, Object> properties)
      implements SchemaStatement {}

  /** {@code type} is CQL text. */
  record ColumnDefinition(String name, String type, boolean isStatic) {}

  record AlterTable(QualifiedName table, boolean ifExists, TableChange change)
      implements SchemaStatement {}

  /** What is changed about a table. */
  sealed interface TableChange {}

  record AddColumns(boolean ifNotExists, List<ColumnDefinition> columns) implements TableChange {}

  record DropColumns(boolean ifExists, List<String> columns) implements TableChange {}

  record RenameColumns(boolean ifExists, List<Renaming> renamings) implements TableChange {}

  record AlterColumnType(String column) implements TableChange {}

  record SetOptions(Map<String, Object> properties) implements TableChange {}

  record Renaming(String from, String to) {}

  record DropTable(QualifiedName table, boolean ifExists) implements SchemaStatement {}

  record CreateType(QualifiedName type, boolean ifNotExists, List<ColumnDefinition> fields)
      implements SchemaStatement {}

  record AlterType(QualifiedName type, boolean ifExists, TypeChange change)
      implements SchemaStatement {}

  /** What is changed about a user type. */
  sealed interface TypeChange {}

  record AddField(boolean ifNotExists, ColumnDefinition field) implements TypeChange {}

  record RenameFields(List<Renaming> renamings) implements TypeChange {}

  record AlterFieldType(String field) implements TypeChange {}

  record DropType(QualifiedName type, boolean ifExists) implements SchemaStatement {}

  /**
   * @param name null where the subject needs none
   */
  record Describe(Subject subject, @Nullable QualifiedName name) implements Statement {

    /** What to describe. */
    public enum Subject {
      CLUSTER,
      SCHEMA,
      FULL_SCHEMA,
      KEYSPACES,
      TABLES,
      TYPES,
      FUNCTIONS,
      AGGREGATES,
      KEYSPACE,
      ONLY_KEYSPACE,
      TABLE,
      TYPE,
      INDEX,
      MATERIALIZED_VIEW,
      FUNCTION,
      AGGREGATE,
      ANY
    }
  }

  /** Known, and not there yet. */
  record Unsupported(String what) implements Statement {}
}

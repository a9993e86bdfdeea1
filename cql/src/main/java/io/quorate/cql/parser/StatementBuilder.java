package io.quorate.cql.parser;

import io.quorate.cql.parser.Statement.Assignment;
import io.quorate.cql.parser.Statement.Attributes;
import io.quorate.cql.parser.Statement.ColumnDefinition;
import io.quorate.cql.parser.Statement.Describe;
import io.quorate.cql.parser.Statement.Modification;
import io.quorate.cql.parser.Statement.Ordering;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.antlr.v4.runtime.ParserRuleContext;
import org.jspecify.annotations.Nullable;

/** Makes a statement of its parse tree. Lives for one statement. */
final class StatementBuilder {
  private final TermBuilder terms;

  StatementBuilder(TermBuilder terms) {
    this.terms = terms;
  }

  Statement statement(CqlParser.StatementContext tree) {
    ParserRuleContext child = (ParserRuleContext) tree.getChild(0);
    return switch (child.getRuleIndex()) {
      case CqlParser.RULE_selectStatement -> select(tree.selectStatement());
      case CqlParser.RULE_insertStatement -> insert(tree.insertStatement());
      case CqlParser.RULE_updateStatement -> update(tree.updateStatement());
      case CqlParser.RULE_deleteStatement -> delete(tree.deleteStatement());
      case CqlParser.RULE_batchStatement -> batch(tree.batchStatement());
      case CqlParser.RULE_useStatement ->
          new Statement.Use(TermBuilder.name(tree.useStatement().identifier()));
      case CqlParser.RULE_truncateStatement ->
          new Statement.Truncate(table(tree.truncateStatement().tableName()));
      case CqlParser.RULE_createKeyspaceStatement -> createKeyspace(tree.createKeyspaceStatement());
      case CqlParser.RULE_alterKeyspaceStatement -> alterKeyspace(tree.alterKeyspaceStatement());
      case CqlParser.RULE_dropKeyspaceStatement ->
          new Statement.DropKeyspace(
              TermBuilder.name(tree.dropKeyspaceStatement().identifier()),
              tree.dropKeyspaceStatement().ifExists() != null);
      case CqlParser.RULE_createTableStatement -> createTable(tree.createTableStatement());
      case CqlParser.RULE_alterTableStatement -> alterTable(tree.alterTableStatement());
      case CqlParser.RULE_dropTableStatement ->
          new Statement.DropTable(
              table(tree.dropTableStatement().tableName()),
              tree.dropTableStatement().ifExists() != null);
      case CqlParser.RULE_createTypeStatement -> createType(tree.createTypeStatement());
      case CqlParser.RULE_alterTypeStatement -> alterType(tree.alterTypeStatement());
      case CqlParser.RULE_dropTypeStatement ->
          new Statement.DropType(
              table(tree.dropTypeStatement().tableName()),
              tree.dropTypeStatement().ifExists() != null);
      case CqlParser.RULE_describeStatement -> describe(tree.describeStatement());
      case CqlParser.RULE_unsupportedStatement -> unsupported(tree.unsupportedStatement());
      default ->
          throw new IllegalStateException("a statement that the grammar has and we have not");
    };
  }

  private static QualifiedName table(CqlParser.TableNameContext tree) {
    return new QualifiedName(
        tree.keyspace == null ? null : TermBuilder.name(tree.keyspace),
        TermBuilder.name(tree.name));
  }

  private static List<String> names(List<CqlParser.IdentifierContext> trees) {
    return trees.stream().map(TermBuilder::name).toList();
  }

  // ---- reading

  private Statement.Select select(CqlParser.SelectStatementContext tree) {
    List<Selector.Aliased> selectors = new ArrayList<>();
    for (CqlParser.AliasedSelectorContext aliased : tree.selection().aliasedSelector()) {
      selectors.add(
          new Selector.Aliased(
              terms.selector(aliased.selector()),
              aliased.alias == null ? null : TermBuilder.name(aliased.alias)));
    }
    List<Selector> groupBy = new ArrayList<>();
    tree.groupBy.forEach(selector -> groupBy.add(terms.selector(selector)));
    return new Statement.Select(
        table(tree.tableName()),
        tree.JSON() != null,
        tree.DISTINCT() != null,
        List.copyOf(selectors),
        where(tree.whereClause()),
        List.copyOf(groupBy),
        tree.ordering().stream().map(StatementBuilder::ordering).toList(),
        tree.perPartitionLimit == null ? null : terms.limit(tree.perPartitionLimit),
        tree.limit == null ? null : terms.limit(tree.limit),
        tree.FILTERING() != null);
  }

  private static Ordering ordering(CqlParser.OrderingContext tree) {
    if (tree.ANN() != null) {
      throw new SyntaxException("ORDER BY ANN OF is not supported yet");
    }
    return new Ordering(TermBuilder.name(tree.identifier()), tree.DESC() != null);
  }

  private List<Relation> where(CqlParser.@Nullable WhereClauseContext tree) {
    return tree == null ? List.of() : tree.relation().stream().map(terms::relation).toList();
  }

  // ---- writing

  private Statement insert(CqlParser.InsertStatementContext tree) {
    if (tree.JSON() != null) {
      return new Statement.Unsupported("INSERT JSON");
    }
    return insertOfColumns(tree);
  }

  private Statement.Insert insertOfColumns(CqlParser.InsertStatementContext tree) {
    return new Statement.Insert(
        table(tree.tableName()),
        names(tree.identifier()),
        tree.term().stream().map(terms::term).toList(),
        tree.IF() != null,
        attributes(tree.usingClause()));
  }

  private Attributes attributes(CqlParser.@Nullable UsingClauseContext tree) {
    Term timestamp = null;
    Term timeToLive = null;
    if (tree != null) {
      for (CqlParser.UsingAttributeContext attribute : tree.usingAttribute()) {
        if (attribute.TIMESTAMP() != null) {
          timestamp = terms.attribute(attribute.attributeValue());
        } else if (attribute.TTL() != null) {
          timeToLive = terms.attribute(attribute.attributeValue());
        } else {
          throw new SyntaxException("USING TIMEOUT is not supported");
        }
      }
    }
    return new Attributes(timestamp, timeToLive);
  }

  private Statement.Update update(CqlParser.UpdateStatementContext tree) {
    List<Assignment> assignments = new ArrayList<>();
    tree.assignment().forEach(assignment -> assignments.add(assignment(assignment)));
    return new Statement.Update(
        table(tree.tableName()),
        attributes(tree.usingClause()),
        List.copyOf(assignments),
        where(tree.whereClause()),
        tree.ifClause() != null);
  }

  private Assignment assignment(CqlParser.AssignmentContext tree) {
    return switch (tree) {
      case CqlParser.SetAssignmentContext set ->
          new Assignment(
              TermBuilder.name(set.identifier()),
              Assignment.Operation.SET,
              null,
              terms.term(set.term()));
      case CqlParser.AddAssignmentContext add -> {
        sameColumn(add.identifier(0), add.source);
        yield new Assignment(
            TermBuilder.name(add.source),
            add.op.getText().equals("+")
                ? Assignment.Operation.APPEND
                : Assignment.Operation.REMOVE,
            null,
            terms.term(add.term()));
      }
      case CqlParser.CounterAssignmentContext counter -> {
        sameColumn(counter.identifier(0), counter.source);
        yield new Assignment(
            TermBuilder.name(counter.source),
            Assignment.Operation.APPEND,
            null,
            new Term.Literal(Term.LiteralKind.INTEGER, counter.INTEGER().getText()));
      }
      case CqlParser.PrependAssignmentContext prepend -> {
        sameColumn(prepend.identifier(0), prepend.source);
        yield new Assignment(
            TermBuilder.name(prepend.source),
            Assignment.Operation.PREPEND,
            null,
            terms.term(prepend.term()));
      }
      case CqlParser.ShortAssignmentContext shortForm ->
          new Assignment(
              TermBuilder.name(shortForm.identifier()),
              shortForm.op.getText().equals("+=")
                  ? Assignment.Operation.APPEND
                  : Assignment.Operation.REMOVE,
              null,
              terms.term(shortForm.term()));
      case CqlParser.ElementAssignmentContext element ->
          new Assignment(
              TermBuilder.name(element.identifier()),
              Assignment.Operation.SET_ELEMENT,
              terms.term(element.key),
              terms.term(element.value));
      case CqlParser.FieldAssignmentContext field ->
          new Assignment(
              TermBuilder.name(field.identifier(0)),
              Assignment.Operation.SET_FIELD,
              new Term.Literal(Term.LiteralKind.STRING, TermBuilder.name(field.field)),
              terms.term(field.term()));
      default -> throw new IllegalStateException("an assignment of an unknown form");
    };
  }

  private static void sameColumn(
      CqlParser.IdentifierContext target, CqlParser.IdentifierContext source) {
    if (!TermBuilder.name(target).equals(TermBuilder.name(source))) {
      throw new SyntaxException("Only expressions of the form X = X +<value> are supported.");
    }
  }

  private Statement.Delete delete(CqlParser.DeleteStatementContext tree) {
    List<Statement.Deletion> deletions = new ArrayList<>();
    for (CqlParser.DeletionContext deletion : tree.deletion()) {
      deletions.add(
          switch (deletion) {
            case CqlParser.ColumnDeletionContext column ->
                new Statement.Deletion(TermBuilder.name(column.identifier()), null, null);
            case CqlParser.ElementDeletionContext element ->
                new Statement.Deletion(
                    TermBuilder.name(element.identifier()), terms.term(element.term()), null);
            case CqlParser.FieldDeletionContext field ->
                new Statement.Deletion(
                    TermBuilder.name(field.identifier(0)), null, TermBuilder.name(field.field));
            default -> throw new IllegalStateException("a deletion of an unknown form");
          });
    }
    return new Statement.Delete(
        table(tree.tableName()),
        List.copyOf(deletions),
        attributes(tree.usingClause()),
        where(tree.whereClause()),
        tree.ifClause() != null);
  }

  private Statement batch(CqlParser.BatchStatementContext tree) {
    List<Modification> modifications = new ArrayList<>();
    for (CqlParser.BatchEntryContext entry : tree.batchEntry()) {
      if (entry.insertStatement() != null) {
        if (entry.insertStatement().JSON() != null) {
          return new Statement.Unsupported("INSERT JSON");
        }
        modifications.add(insertOfColumns(entry.insertStatement()));
      } else if (entry.updateStatement() != null) {
        modifications.add(update(entry.updateStatement()));
      } else {
        modifications.add(delete(entry.deleteStatement()));
      }
    }
    Statement.Batch.Kind kind =
        tree.kind == null
            ? Statement.Batch.Kind.LOGGED
            : Statement.Batch.Kind.valueOf(tree.kind.getText().toUpperCase(Locale.ROOT));
    return new Statement.Batch(kind, attributes(tree.usingClause()), List.copyOf(modifications));
  }

  // ---- schema

  private static Statement createKeyspace(CqlParser.CreateKeyspaceStatementContext tree) {
    return new Statement.CreateKeyspace(
        TermBuilder.name(tree.identifier()),
        tree.ifNotExists() != null,
        properties(tree.properties().property()));
  }

  private static Statement alterKeyspace(CqlParser.AlterKeyspaceStatementContext tree) {
    return new Statement.AlterKeyspace(
        TermBuilder.name(tree.identifier()),
        tree.ifExists() != null,
        properties(tree.properties().property()));
  }

  private static Map<String, Object> properties(List<CqlParser.PropertyContext> trees) {
    Map<String, Object> properties = new LinkedHashMap<>();
    for (CqlParser.PropertyContext tree : trees) {
      String name = TermBuilder.name(tree.identifier());
      Object value;
      if (tree.mapLiteral() != null) {
        Map<String, String> map = new LinkedHashMap<>();
        for (CqlParser.MapEntryContext entry : tree.mapLiteral().mapEntry()) {
          map.put(TermBuilder.plain(entry.key), TermBuilder.plain(entry.value));
        }
        value = map;
      } else {
        value = TermBuilder.plain(tree.propertyValue());
      }
      if (properties.put(name, value) != null) {
        throw new SyntaxException("Multiple definition for property '" + name + "'");
      }
    }
    return properties;
  }

  private static Statement createTable(CqlParser.CreateTableStatementContext tree) {
    List<ColumnDefinition> columns = new ArrayList<>();
    List<String> partitionKey = new ArrayList<>();
    List<String> clustering = new ArrayList<>();
    boolean hasKey = false;
    for (CqlParser.TableElementContext element : tree.tableElement()) {
      if (element instanceof CqlParser.ColumnElementContext column) {
        String name = TermBuilder.name(column.identifier());
        columns.add(
            new ColumnDefinition(name, TermBuilder.text(column.type()), column.STATIC() != null));
        if (column.PRIMARY() != null) {
          hasKey = oneKey(hasKey);
          partitionKey.add(name);
        }
      } else if (element instanceof CqlParser.PrimaryKeyElementContext key) {
        hasKey = oneKey(hasKey);
        partitionKey.addAll(names(key.partitionKey().identifier()));
        clustering.addAll(names(key.identifier()));
      }
    }
    List<Ordering> order = new ArrayList<>();
    List<CqlParser.PropertyContext> plain = new ArrayList<>();
    boolean compact = false;
    for (CqlParser.TablePropertyContext property : tree.tableProperty()) {
      if (property instanceof CqlParser.ClusteringOrderPropertyContext clusteringOrder) {
        clusteringOrder.ordering().forEach(ordering -> order.add(ordering(ordering)));
      } else if (property instanceof CqlParser.PlainPropertyContext plainProperty) {
        plain.add(plainProperty.property());
      } else {
        compact = true;
      }
    }
    return new Statement.CreateTable(
        table(tree.tableName()),
        tree.ifNotExists() != null,
        List.copyOf(columns),
        List.copyOf(partitionKey),
        List.copyOf(clustering),
        List.copyOf(order),
        compact,
        properties(plain));
  }

  private static boolean oneKey(boolean hasKey) {
    if (hasKey) {
      throw new SyntaxException("Multiple PRIMARY KEY specifed (exactly one required)");
    }
    return true;
  }

  private static Statement alterTable(CqlParser.AlterTableStatementContext tree) {
    boolean ifColumnExists =
        tree.ifExists().size() > 1
            || (tree.ifExists().size() == 1
                && tree.ifExists(0).getStart().getTokenIndex()
                    > tree.tableName().getStart().getTokenIndex());
    boolean ifTableExists = tree.ifExists().size() > (ifColumnExists ? 1 : 0);
    Statement.TableChange change;
    if (tree.ADD() != null) {
      List<ColumnDefinition> columns = new ArrayList<>();
      for (CqlParser.ColumnToAddContext column : tree.columnToAdd()) {
        columns.add(
            new ColumnDefinition(
                TermBuilder.name(column.identifier()),
                TermBuilder.text(column.type()),
                column.STATIC() != null));
      }
      change = new Statement.AddColumns(tree.ifNotExists() != null, List.copyOf(columns));
    } else if (tree.DROP() != null) {
      change = new Statement.DropColumns(ifColumnExists, names(tree.drop));
    } else if (tree.RENAME() != null) {
      change = new Statement.RenameColumns(ifColumnExists, renamings(tree.renaming()));
    } else if (tree.altered != null) {
      change = new Statement.AlterColumnType(TermBuilder.name(tree.altered));
    } else {
      change = new Statement.SetOptions(properties(tree.properties().property()));
    }
    return new Statement.AlterTable(table(tree.tableName()), ifTableExists, change);
  }

  private static List<Statement.Renaming> renamings(List<CqlParser.RenamingContext> trees) {
    return trees.stream()
        .map(tree -> new Statement.Renaming(TermBuilder.name(tree.from), TermBuilder.name(tree.to)))
        .toList();
  }

  private static ColumnDefinition field(CqlParser.FieldDefinitionContext tree) {
    return new ColumnDefinition(
        TermBuilder.name(tree.identifier()), TermBuilder.text(tree.type()), false);
  }

  private static Statement createType(CqlParser.CreateTypeStatementContext tree) {
    return new Statement.CreateType(
        table(tree.tableName()),
        tree.ifNotExists() != null,
        tree.fieldDefinition().stream().map(StatementBuilder::field).toList());
  }

  private static Statement alterType(CqlParser.AlterTypeStatementContext tree) {
    Statement.TypeChange change;
    if (tree.ADD() != null) {
      change = new Statement.AddField(tree.ifNotExists() != null, field(tree.fieldDefinition()));
    } else if (tree.RENAME() != null) {
      change = new Statement.RenameFields(renamings(tree.renaming()));
    } else {
      change = new Statement.AlterFieldType(TermBuilder.name(tree.identifier()));
    }
    boolean ifExists =
        !tree.ifExists().isEmpty()
            && tree.ifExists(0).getStart().getTokenIndex()
                < tree.tableName().getStart().getTokenIndex();
    return new Statement.AlterType(table(tree.tableName()), ifExists, change);
  }

  // ---- describing, refusing

  private static Describe describe(CqlParser.DescribeStatementContext tree) {
    Describe.Subject subject;
    if (tree.SCHEMA() != null) {
      subject = tree.FULL() != null ? Describe.Subject.FULL_SCHEMA : Describe.Subject.SCHEMA;
    } else if (tree.CLUSTER() != null) {
      subject = Describe.Subject.CLUSTER;
    } else if (tree.KEYSPACES() != null) {
      subject = Describe.Subject.KEYSPACES;
    } else if (tree.TABLES() != null) {
      subject = Describe.Subject.TABLES;
    } else if (tree.TYPES() != null) {
      subject = Describe.Subject.TYPES;
    } else if (tree.FUNCTIONS() != null) {
      subject = Describe.Subject.FUNCTIONS;
    } else if (tree.AGGREGATES() != null) {
      subject = Describe.Subject.AGGREGATES;
    } else if (tree.KEYSPACE() != null) {
      subject = tree.ONLY() != null ? Describe.Subject.ONLY_KEYSPACE : Describe.Subject.KEYSPACE;
      return new Describe(
          subject,
          tree.identifier() == null
              ? null
              : new QualifiedName(null, TermBuilder.name(tree.identifier())));
    } else if (tree.TABLE() != null || tree.COLUMNFAMILY() != null) {
      subject = Describe.Subject.TABLE;
    } else if (tree.TYPE() != null) {
      subject = Describe.Subject.TYPE;
    } else if (tree.INDEX() != null) {
      subject = Describe.Subject.INDEX;
    } else if (tree.VIEW() != null) {
      subject = Describe.Subject.MATERIALIZED_VIEW;
    } else if (tree.FUNCTION() != null) {
      subject = Describe.Subject.FUNCTION;
    } else if (tree.AGGREGATE() != null) {
      subject = Describe.Subject.AGGREGATE;
    } else {
      subject = Describe.Subject.ANY;
    }
    return new Describe(subject, tree.tableName() == null ? null : table(tree.tableName()));
  }

  /** The words up to the one that says what it is, such as {@code CREATE MATERIALIZED VIEW}. */
  private static Statement unsupported(CqlParser.UnsupportedStatementContext tree) {
    StringBuilder words = new StringBuilder();
    for (int i = 0; i < tree.getChildCount(); i++) {
      if (tree.getChild(i) instanceof CqlParser.AnythingContext) {
        break;
      }
      String word = tree.getChild(i).getText().toUpperCase(Locale.ROOT);
      words.append(words.isEmpty() ? "" : " ").append(word);
    }
    return new Statement.Unsupported(words.toString());
  }
}

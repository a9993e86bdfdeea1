package io.quorate.cql;

import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.cql.parser.Statement;
import io.quorate.cql.system.VirtualTable;
import io.quorate.protocol.ResultMetadata;
import java.util.List;

/** What a statement becomes once it has been checked against the schema. Immutable. */
sealed interface Plan {

  /** The columns of its rows; empty if it gives none. */
  default ResultMetadata result() {
    return ResultMetadata.EMPTY;
  }

  /** The tables it was checked against: when one changes, the plan is void. */
  List<TableMetadata> tables();

  record Read(SelectPlan select) implements Plan {
    @Override
    public ResultMetadata result() {
      return select.selection().metadata();
    }

    @Override
    public List<TableMetadata> tables() {
      return List.of(select.table());
    }
  }

  /** Reads rows that the node makes up. */
  record ReadVirtual(SelectPlan select, VirtualTable table) implements Plan {
    @Override
    public ResultMetadata result() {
      return select.selection().metadata();
    }

    @Override
    public List<TableMetadata> tables() {
      return List.of();
    }
  }

  record Write(ModificationPlan modification) implements Plan {
    @Override
    public List<TableMetadata> tables() {
      return List.of(modification.table());
    }
  }

  record WriteBatch(List<ModificationPlan> modifications, boolean logged) implements Plan {
    @Override
    public List<TableMetadata> tables() {
      return modifications.stream().map(ModificationPlan::table).distinct().toList();
    }
  }

  /** Whatever is not worth planning: it is looked at when it runs. */
  record Direct(Statement statement) implements Plan {
    @Override
    public List<TableMetadata> tables() {
      return List.of();
    }
  }
}

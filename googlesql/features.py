"""The features of Google's SQL library that BigQuery does not have.

Several of Google's products use the library, and each switches features on and off by flags. Here,
a feature is off if BigQuery's reference does not have it, has it only as a preview, or had it as a
preview not long ago: https://cloud.google.com/bigquery/docs/reference/standard-sql. In doubt, a
feature is off. A statement that needs it then fails in the tests, and its author looks up whether
BigQuery has the feature.
"""

NOT_IN_BIGQUERY = {
    # Grouping, comparing and ordering (data-types: "groupable", "comparable", "orderable").
    "V_1_2_GROUP_BY_STRUCT": "was a preview not long ago; GROUP BY of plain columns does the same",
    "V_1_2_GROUP_BY_ARRAY": "was also a preview not long ago",
    "V_1_1_ARRAY_EQUALITY": "arrays cannot be compared",
    "V_1_3_ARRAY_ORDERING": "arrays cannot be ordered",
    "V_1_3_ARRAY_GREATEST_LEAST": "GREATEST and LEAST take no array",
    "JSON_TYPE_COMPARISON": "JSON values cannot be compared",
    # Statements (dml-syntax).
    "V_1_3_DML_RETURNING": "DML returns no rows: no THEN RETURN",
    "V_1_4_INSERT_ON_CONFLICT_CLAUSE": "INSERT has no ON CONFLICT: that is what MERGE is for",
    "V_1_4_FOR_UPDATE": "SELECT takes no locks",
    "V_1_2_NESTED_UPDATE_DELETE_WITH_OFFSET": "UPDATE has no nested statements",
    "V_1_2_CORRELATED_REFS_IN_NESTED_DML": "the same",
    "V_1_2_ARRAY_ELEMENTS_WITH_SET": "SET assigns a column or a field, never an element",
    # Queries (query-syntax).
    "V_1_4_LATERAL_JOIN": "FROM has no LATERAL",
    "V_1_4_LIMIT_OFFSET_EXPRESSIONS": "LIMIT and OFFSET take a literal or a parameter",
    "V_1_4_MULTIWAY_UNNEST": "UNNEST takes one array",
    "V_1_3_UNNEST_AND_FLATTEN_ARRAYS": "there is no FLATTEN, and no path through arrays",
    "V_1_4_SINGLE_TABLE_NAME_ARRAY_PATH": "the same",
    "V_1_4_STRUCT_POSITIONAL_ACCESSOR": "fields have names only",
    "STRATIFIED_RESERVOIR_TABLESAMPLE": "TABLESAMPLE SYSTEM is the only kind",
    "PIPE_FORK": "pipe syntax has no FORK",
    "PIPE_TEE": "pipe syntax has no TEE",
    "PIPE_IF": "pipe syntax has no IF",
    "PIPE_INSERT": "pipe syntax does not write",
    # Aggregation (aggregate-function-calls).
    "V_1_4_AGGREGATE_FILTERING": "aggregates have no WHERE of their own",
    "V_1_4_MULTILEVEL_AGGREGATION": "aggregates have no GROUP BY of their own",
    "MULTILEVEL_AGGREGATION_ON_UDAS": "the same",
    "V_1_4_BITWISE_AGGREGATE_BYTES_SIGNATURES": "BIT_AND and its like take INT64",
    # Functions and types (functions-all, data-types).
    "V_1_3_INLINE_LAMBDA_ARGUMENT": "no ARRAY_FILTER, ARRAY_TRANSFORM, ARRAY_INCLUDES",
    "V_1_4_SAFE_FUNCTION_CALL_WITH_LAMBDA_ARGS": "the same",
    "V_1_4_ARRAY_ZIP": "no ARRAY_ZIP",
    "V_1_4_ARRAY_FIND_FUNCTIONS": "no ARRAY_FIND, ARRAY_OFFSET",
    "V_1_4_ARRAY_AGGREGATION_FUNCTIONS": "no ARRAY_SUM, ARRAY_AVG, ARRAY_MIN, ARRAY_MAX",
    "V_1_4_PI_FUNCTIONS": "no PI",
    "V_1_4_NULLIFZERO_ZEROIFNULL": "no NULLIFZERO, ZEROIFNULL",
    "V_1_4_DOT_PRODUCT": "no DOT_PRODUCT",
    "V_1_4_L1_NORM": "no L1_NORM",
    "V_1_4_L2_NORM": "no L2_NORM",
    "V_1_4_MANHATTAN_DISTANCE": "no MANHATTAN_DISTANCE",
    "V_1_4_UUID_TYPE": "no type UUID",
    "TIMESTAMP_NANOS": "a TIMESTAMP has microseconds",
    "TIMESTAMP_PICOS": "the same",
    "V_1_4_TIMESTAMP_PRECISION": "the same",
    "V_1_4_LITERAL_CONCATENATION": "literals beside each other are an error",
    "V_1_4_FIRST_AND_LAST_N": "the query reference has no such clause",
}
"""Names of `zetasql.LanguageFeature` without ``FEATURE_``, each with the reason why it is off."""

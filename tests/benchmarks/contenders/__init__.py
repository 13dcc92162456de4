"""Everything that `make bench` compares, by name. A module is imported in the process that runs it, nowhere else."""

# name in the results -> module and function in it
CONTENDERS = {
    "core": "datavault.core",
    "processor": "datavault.processor",
    "keep-chunks": "datavault.keep_chunks",
    "enrichment": "datavault.enrichment",
    "small-objects": "datavault.small_objects",
    "pydantic": "handlers.json_pydantic",
    "jsonschema": "handlers.json_jsonschema",
    "jsonschema-rs": "handlers.orjson_jsonschema_rs",
    "csv-pydantic": "handlers.csv_pydantic",
    "dlt": "dlt_pipeline.run",
    "bento": "bento.run",
    "duckdb": "limits.duckdb_json",
    "polars": "limits.polars_json",
    "pyarrow": "limits.pyarrow_json",
    "gunzip-isal": "limits.gunzip_isal",
    "gunzip-zlib": "limits.gunzip_zlib",
    "memory-copy": "limits.memory_copy",
}

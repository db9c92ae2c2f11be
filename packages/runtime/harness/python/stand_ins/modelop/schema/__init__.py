"""Reading of extended schemas: `modelop.schema.infer`."""

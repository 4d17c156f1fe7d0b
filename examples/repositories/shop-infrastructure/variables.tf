variable "region" {
  description = "Where the shop runs."
  type        = string
  default     = "eu-central-1"
}

variable "database_password" {
  description = "Set by the pipeline, never in a file."
  type        = string
  sensitive   = true
}

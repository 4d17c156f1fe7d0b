resource "aws_db_instance" "orders" {
  identifier        = "prod-api-rds"
  engine            = "postgres"
  engine_version    = "16.4"
  instance_class    = "db.t4g.medium"
  allocated_storage = 100
  storage_encrypted = false
  username          = "orders"
  password          = var.database_password

  backup_retention_period = 14
  deletion_protection     = true

  tags = {
    Environment = "prod"
    Service     = "api"
    Owner       = "shop-team"
    CostCenter  = "4200"
    ManagedBy   = "terraform"
  }
}

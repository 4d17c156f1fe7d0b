# Product pictures, read by the web front end.
resource "aws_s3_bucket" "pictures" {
  bucket = "prod-web-s3"

  tags = {
    Environment = "prod"
    Service     = "web"
    Owner       = "shop-team"
    CostCenter  = "4200"
    ManagedBy   = "terraform"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "pictures" {
  bucket = aws_s3_bucket.pictures.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = "alias/infra-key"
    }
  }
}

# Invoices. Nobody remembers who made this one.
resource "aws_s3_bucket" "invoices" {
  bucket = "invoices-bucket-2019"

  tags = {
    Environment = "prod"
    Service     = "billing"
  }
}

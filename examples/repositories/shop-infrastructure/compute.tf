resource "aws_instance" "worker" {
  ami           = "ami-0a1b2c3d4e5f67890"
  instance_type = "t4g.small"

  root_block_device {
    encrypted  = true
    kms_key_id = "alias/infra-key"
  }

  tags = {
    Name        = "worker1"
    Environment = "prod"
    Service     = "api"
    Owner       = "shop-team"
    ManagedBy   = "terraform"
  }
}
